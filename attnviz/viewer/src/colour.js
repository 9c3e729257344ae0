// Colours: tables from matplotlib, pixels of a map, a ramp for legends.

import { TABLES } from './tables.js';
import { bin, bytes, unit } from './numbers.js';

export const MAPS = Object.keys(TABLES).filter((name) => name !== 'RdBu_r');
export const SIGNED = 'RdBu_r';
const GREY = 128; // of values that are not a number
const unpacked = new Map();

// 257 colours of a map, 3 bytes each; the last is that of NaN
export function table(name) {
  if (!unpacked.has(name)) {
    const out = new Uint8Array(257 * 3).fill(GREY);
    out.set(bytes(TABLES[name] ?? TABLES.viridis));
    unpacked.set(name, out);
  }
  return unpacked.get(name);
}

// pixels of a map of values, RGBA, opaque
export function pixels(values, scale, name) {
  const colours = table(name);
  const out = new Uint8ClampedArray(values.length * 4);
  for (let i = 0; i < values.length; i++) {
    const row = 3 * bin(unit(values[i], scale));
    out[4 * i] = colours[row];
    out[4 * i + 1] = colours[row + 1];
    out[4 * i + 2] = colours[row + 2];
    out[4 * i + 3] = 255;
  }
  return out;
}

// a colour map as a CSS gradient from left to right
export function gradient(name) {
  const colours = table(name);
  const stops = Array.from({ length: 17 }, (_, i) => {
    const row = 3 * Math.round((255 * i) / 16);
    return `rgb(${colours[row]},${colours[row + 1]},${colours[row + 2]})`;
  });
  return `linear-gradient(90deg,${stops.join(',')})`;
}
