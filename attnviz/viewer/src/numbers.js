// Arithmetic of the view: arrays out of base64, scales, ranks, text of numbers. Nothing here knows a document or a page.

const BYTES = { f4: 4, f2: 2 };

export function bytes(base64) {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

// float16 as IEEE 754 has it: subnormals, infinities and NaN too
export function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

// {type, shape, data} -> {values: Float32Array, shape}; throws where it is damaged
export function unpack(packed) {
  const size = BYTES[packed.type];
  const count = packed.shape.reduce((product, n) => product * n, 1);
  const data = bytes(packed.data);
  if (!size || !Number.isInteger(count) || count < 0 || data.length !== count * size) throw new Error('damaged array');
  const view = new DataView(data.buffer);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    values[i] = size === 4 ? view.getFloat32(4 * i, true) : half(view.getUint16(2 * i, true));
  }
  return { values, shape: packed.shape };
}

// of the finite values: least, mean, greatest, and how many there are
export function summary(values) {
  let low = Infinity, high = -Infinity, sum = 0, count = 0;
  for (const v of values) {
    if (!Number.isFinite(v)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
    sum += v;
    count += 1;
  }
  return { low, high, mean: sum / count, count };
}

// as attnviz.render.colour.scale_for: fixed 0..1, stretched to the values, or for features 0..max or -m..m
export function scaleFor(values, mode) {
  if (mode === 'fixed') return { low: 0, high: 1, mode };
  const { low, high, count } = summary(values);
  if (!count) return { low: 0, high: 1, mode };
  if (mode === 'features') {
    const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return { low: low < 0 ? -most : 0, high: most, mode: low < 0 ? 'diverging' : 'sequential' };
  }
  if (mode === 'shares') return { low: 0, high: high > 0 ? high : 1, mode };
  const step = Math.max(Math.abs(low), Math.abs(high), 1);
  if (high - low < 1e-6 * step) return { low: low - 5e-4 * step, high: high + 5e-4 * step, mode };
  return { low, high, mode };
}

// where a value lies on a scale, 0..1; NaN stays
export function unit(value, scale) {
  const u = (value - scale.low) / (scale.high - scale.low);
  return u < 0 ? 0 : u > 1 ? 1 : u;
}

// row of a table of 256 colours: bin k covers [k/256, (k+1)/256); 256 stands for NaN
export function bin(u) {
  return Number.isNaN(u) ? 256 : Math.min(Math.floor(u * 256), 255);
}

// a value with the decimals that tell apart values `span` away from each other, two at least
export function text(value, span = 1) {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (Math.abs(value) >= 1e4) return value.toExponential(2).replace('-', '−');
  const least = span >= 100 ? 0 : span >= 10 ? 1 : 2;
  const decimals = span <= 0 ? 2 : Math.min(Math.max(least, 1 + Math.ceil(-Math.log10(span))), 6);
  const out = value.toFixed(decimals);
  return Number(out) === 0 ? (0).toFixed(decimals) : out.replace('-', '−');
}

// indices from the highest value to the lowest; equal ones by index, NaN last
export function ranked(values) {
  const order = Array.from(values.keys());
  const key = (i) => (Number.isNaN(values[i]) ? -Infinity : values[i]);
  return order.sort((a, b) => (key(b) > key(a) ? 1 : key(b) < key(a) ? -1 : a - b));
}

// a map at another size, linear between the centres of its cells; a cell without a value has no weight
export function smooth(values, [rows, columns], [high, wide]) {
  const out = new Float32Array(high * wide);
  const taps = (cells, pixels) => Array.from({ length: pixels }, (_, p) => {
    const at = Math.min(Math.max((p + 0.5) * (cells / pixels) - 0.5, 0), cells - 1);
    const first = Math.min(Math.floor(at), Math.max(cells - 2, 0));
    return [first, Math.min(first + 1, cells - 1), at - first];
  });
  const across = taps(columns, wide);
  taps(rows, high).forEach(([top, bottom, down], y) => {
    across.forEach(([left, right, over], x) => {
      let sum = 0, weight = 0;
      for (const [i, a] of [[top, 1 - down], [bottom, down]]) {
        for (const [j, b] of [[left, 1 - over], [right, over]]) {
          const v = values[i * columns + j];
          if (a * b > 0 && !Number.isNaN(v)) { sum += a * b * v; weight += a * b; }
        }
      }
      out[y * wide + x] = weight >= 0.5 ? sum / weight : NaN;
    });
  });
  return out;
}

// the cell of `count` in which a share of the length lies
export const cell = (share, count) => Math.min(Math.max(Math.floor(share * count), 0), count - 1);
