// Maps over photographs and scores as bars beside each other, on scales that were chosen together. What is pointed at in
// one is marked in all: the same place of every photograph, the same channel of every gate with as many channels.

import { pixels } from './colour.js';
import { make, painted } from './dom.js';
import { cell, ranked, smooth, text, unit, unpack } from './numbers.js';
import { DIM, FINE } from './picture.js';
import { Selection } from './selection.js';
import { say } from './texts.js';

const HIGH = 100; // of a drawing of bars, in its own units

// draw what an element with `data-plots` holds into its places, `[data-plot]`
export function cells(element) {
  const holder = element.querySelector('[data-plots]');
  if (!holder) return;
  const { photographs, plots, look, language } = JSON.parse(holder.dataset.plots);
  const shared = { look, selection: new Selection(), say: (name, values) => say(name, language, values) };
  const images = photographs.map(({ jpeg }) => decoded(jpeg));
  const made = [...holder.querySelectorAll('[data-plot]')].map((place) => {
    const plot = plots[Number(place.dataset.plot)];
    if (plot.photograph === undefined) return new BarPlot(place, plot, shared);
    return new MapPlot(place, plot, photographs[plot.photograph], images[plot.photograph], shared);
  });
  shared.selection.listen(() => made.forEach((each) => each.point(shared.selection.shown)));
}

async function decoded(jpeg) {
  const image = new Image();
  image.src = `data:image/jpeg;base64,${jpeg}`;
  await image.decode().catch(() => null);
  return image.naturalWidth ? image : null;
}

const readout = (place, words) => {
  const line = place.closest('figure')?.querySelector('.av-readout');
  if (line) line.textContent = words;
};

class MapPlot {
  constructor(place, plot, photograph, image, { look, selection, say: told }) {
    Object.assign(this, { place, plot, look, selection, say: told, box: plot.box });
    Object.assign(this, unpack(plot.values));
    const { width, height } = photograph;
    const size = { width, height };
    this.photo = make('canvas', size);
    this.veil = make('canvas', { ...size, class: 'av-veil' });
    this.mark = make('span', { class: 'av-mark', hidden: true });
    this.area = make('div', { class: 'av-box', role: 'img', 'aria-label': plot.alt, tabindex: plot.asked ? null : 0 }, this.mark);
    const [left, top, right, bottom] = plot.box;
    const share = (value, whole) => `${(100 * value) / whole}%`;
    Object.assign(this.area.style, {
      left: share(left, width), top: share(top, height), width: share(right - left, width), height: share(bottom - top, height),
    });
    this.area.classList.toggle('av-whole', right - left === width && bottom - top === height);
    if (plot.asked) this.area.append(ring(plot.asked));
    const frame = make('div', { class: 'av-picture' }, this.photo, this.veil, this.area);
    frame.style.aspectRatio = `${width}/${height}`;
    place.replaceChildren(frame);
    image.then((found) => this.#draw(found));
    this.#listen();
  }

  #draw(image) {
    const { width, height } = this.photo;
    const [left, top, right, bottom] = this.box;
    const below = this.photo.getContext('2d');
    below.fillStyle = '#808080';
    below.fillRect(0, 0, width, height);
    if (image) below.drawImage(image, 0, 0, width, height);
    below.fillStyle = `rgba(0, 0, 0, ${DIM})`;
    [[0, 0, width, top], [0, bottom, width, height - bottom], [0, top, left, bottom - top], [right, top, width - right, bottom - top]]
      .forEach((area) => below.fillRect(...area));
    let [rows, columns] = this.shape;
    let { values } = this;
    const smoothed = this.look.cells === 'bilinear';
    if (smoothed && rows < FINE && columns < FINE) {
      const [high, wide] = [Math.min(FINE, bottom - top), Math.min(FINE, right - left)];
      values = smooth(values, this.shape, [high, wide]);
      [rows, columns] = [high, wide];
    }
    const over = this.veil.getContext('2d');
    over.imageSmoothingEnabled = smoothed || rows > bottom - top || columns > right - left;
    over.drawImage(painted(pixels(values, this.plot.scale, this.plot.cmap), columns, rows), left, top, right - left, bottom - top);
  }

  point({ place }) {
    this.mark.hidden = !place;
    readout(this.place, place ? this.#told(place) : '');
  }

  #told(place) {
    const [rows, columns] = this.shape;
    const [row, column] = [cell(place.down, rows), cell(place.across, columns)];
    Object.assign(this.mark.style, {
      left: `${(100 * column) / columns}%`, top: `${(100 * row) / rows}%`, width: `${100 / columns}%`, height: `${100 / rows}%`,
    });
    const { low, high } = this.plot.scale;
    return this.say('place', { row, column, value: text(this.values[row * columns + column], high - low) });
  }

  #listen() {
    this.area.addEventListener('pointermove', (event) => {
      const { left, top, width, height } = this.area.getBoundingClientRect();
      this.selection.point({ place: { down: (event.clientY - top) / height, across: (event.clientX - left) / width } });
    });
    this.area.addEventListener('pointerleave', () => this.selection.point());
    if (this.plot.asked) return; // there the keys ask another place
    this.area.addEventListener('blur', () => this.selection.point());
    this.area.addEventListener('keydown', (event) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!move) return;
      const now = this.selection.at.place;
      const to = (share, count, by) => (Math.min(Math.max(cell(share, count) + by, 0), count - 1) + 0.5) / count;
      const [rows, columns] = this.shape;
      const [down, across] = now ? move : [0, 0];
      this.selection.point({ place: { down: to(now?.down ?? 0.5, rows, down), across: to(now?.across ?? 0.5, columns, across) } });
      event.preventDefault();
    });
  }
}

// the place that asks
function ring({ place: [row, column], grid: [rows, columns] }) {
  const made = make('span', { class: 'av-here', 'aria-hidden': 'true' });
  Object.assign(made.style, { left: `${(100 * (column + 0.5)) / columns}%`, top: `${(100 * (row + 0.5)) / rows}%` });
  return made;
}

class BarPlot {
  constructor(place, plot, { look, selection, say: told }) {
    Object.assign(this, { place, plot, selection, say: told });
    this.values = unpack(plot.values).values;
    const order = ranked(this.values);
    this.rank = new Int32Array(order.length);
    order.forEach((channel, rank) => { this.rank[channel] = rank; });
    this.order = look.order === 'sorted' ? order : order.map((_, i) => i);
    this.at = new Int32Array(order.length); // where each channel stands
    this.order.forEach((channel, position) => { this.at[channel] = position; });
    this.mark = make('span', { class: 'av-bar-mark', hidden: true });
    const last = order.length - 1;
    const slider = { role: 'slider', tabindex: 0, 'aria-label': plot.alt, 'aria-valuemin': 0, 'aria-valuemax': last, 'aria-valuenow': 0 };
    this.area = make('div', { class: 'av-bars-area', ...slider }, this.#drawing(), this.mark);
    const end = (name, words) => make('span', { class: name, 'aria-hidden': 'true' }, words);
    place.replaceChildren(make('div', { class: 'av-bars' }, end('av-high', plot.ends[1]), this.area, end('av-low', plot.ends[0])));
    this.#listen();
  }

  #drawing() {
    const { scale } = this.plot;
    const y = (value) => (HIGH * (1 - unit(value, scale))).toFixed(1);
    const [zero, count] = [y(0), this.order.length];
    const steps = this.order.map((channel) => `V${Number.isNaN(this.values[channel]) ? zero : y(this.values[channel])}h1`).join('');
    const finite = this.values.filter(Number.isFinite);
    const mean = y(finite.reduce((sum, v) => sum + v, 0) / finite.length);
    const svg = shape('svg', { viewBox: `0 0 ${count} ${HIGH}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    svg.append(shape('path', { d: `M0 ${zero}${steps}V${zero}z`, class: 'av-fill' }), shape('path', { d: `M0 ${mean}H${count}`, class: 'av-mean' }));
    return svg;
  }

  point({ channel }) {
    const count = this.order.length;
    const shown = channel && channel.count === count ? channel.index : null;
    this.mark.hidden = shown === null;
    if (shown === null) { readout(this.place, ''); return; }
    this.mark.style.left = `${(100 * (this.at[shown] + 0.5)) / count}%`;
    const { low, high } = this.plot.scale;
    const words = this.say('bar', { channel: shown, value: text(this.values[shown], high - low), rank: this.rank[shown] + 1, count });
    readout(this.place, words);
    this.area.setAttribute('aria-valuenow', String(shown));
    this.area.setAttribute('aria-valuetext', words);
  }

  #at(position) {
    const count = this.order.length;
    this.selection.point({ channel: { index: this.order[Math.min(Math.max(position, 0), count - 1)], count } });
  }

  #listen() {
    this.area.addEventListener('pointermove', (event) => {
      const { left, width } = this.area.getBoundingClientRect();
      this.#at(cell((event.clientX - left) / width, this.order.length));
    });
    this.area.addEventListener('pointerleave', () => this.selection.point());
    this.area.addEventListener('blur', () => this.selection.point());
    this.area.addEventListener('keydown', (event) => {
      const now = this.selection.at.channel;
      const position = now && now.count === this.order.length ? this.at[now.index] : -1;
      const page = Math.max(Math.round(this.order.length / 10), 2);
      const to = {
        ArrowRight: position + 1, ArrowUp: position + 1, ArrowLeft: position - 1, ArrowDown: position - 1,
        PageUp: position + page, PageDown: position - page, Home: 0, End: this.order.length - 1,
      }[event.key];
      if (to === undefined) return;
      this.#at(to);
      event.preventDefault();
    });
  }
}

function shape(tag, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  return made;
}
