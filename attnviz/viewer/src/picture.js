// The photograph with a map over it, on a canvas; the value under the pointer or the keys.

import { make, painted, sharp } from './dom.js';
import { gradient, pixels } from './colour.js';
import { cell, smooth, text } from './numbers.js';
import { Places } from './places.js';
import { asking, ends, plane, told } from './plane.js';

export const DIM = 0.65; // how much darker the network's blind part is
export const FINE = 200; // cells a side to which smooth maps are refined
const GRID = 13; // lines of a sampling grid

export class Picture {
  constructor(app) {
    this.app = app;
    this.canvas = make('canvas', { class: 'photo' });
    this.mark = make('span', { class: 'mark', hidden: true });
    this.ring = make('span', { class: 'ring', hidden: true });
    this.grid = make('canvas', { class: 'grid', hidden: true });
    this.box = make('div', { class: 'seen', tabindex: 0, role: 'img' }, this.mark, this.ring);
    this.frame = make('div', { class: 'frame' }, this.canvas, this.grid, this.box);
    this.ramp = make('span', { class: 'ramp' });
    this.low = make('span');
    this.high = make('span');
    this.legend = make('div', { class: 'legend' }, this.low, this.ramp, this.high);
    this.readout = make('div', { class: 'readout', 'aria-live': 'polite' });
    this.places = new Places(app);
    this.below = make('div', { class: 'below' });
    this.element = make('figure', { class: 'picture' }, this.frame, make('figcaption', {}, this.legend, this.readout, this.places.element, this.below));
    this.grey = null;
    this.drawn = null;
    this.#listen();
  }

  // a photograph was decoded: keep it in grey too, for under the colours
  photograph(image) {
    const { width, height } = this.app.view.photograph;
    const scale = Math.max(1, Math.floor(640 / Math.max(width, height)));
    this.size = [width * scale, height * scale];
    [this.canvas.width, this.canvas.height] = this.size;
    this.image = make('canvas', { width: this.size[0], height: this.size[1] });
    this.grey = make('canvas', { width: this.size[0], height: this.size[1] });
    const context = this.image.getContext('2d', { willReadFrequently: true });
    if (image) context.drawImage(image, 0, 0, ...this.size);
    else { context.fillStyle = '#808080'; context.fillRect(0, 0, ...this.size); }
    const data = context.getImageData(0, 0, ...this.size);
    for (let i = 0; i < data.data.length; i += 4) {
      const [r, g, b] = [data.data[i], data.data[i + 1], data.data[i + 2]];
      data.data[i] = data.data[i + 1] = data.data[i + 2] = 0.299 * r + 0.587 * g + 0.114 * b;
    }
    this.grey.getContext('2d').putImageData(data, 0, 0);
    const shape = Math.min(Math.max(width / height, 1 / 4), 4);
    this.frame.style.setProperty('--shape', shape);
    const [left, top, right, bottom] = this.app.view.photograph.box;
    Object.assign(this.box.style, {
      left: `${(100 * left) / width}%`, top: `${(100 * top) / height}%`,
      width: `${(100 * (right - left)) / width}%`, height: `${(100 * (bottom - top)) / height}%`,
    });
    this.whole = left === 0 && top === 0 && right === width && bottom === height;
    this.box.classList.toggle('whole', this.whole);
  }

  draw() {
    if (!this.image) return;
    const { app } = this;
    const { gate, look } = app;
    this.drawn = plane(app.view, gate, app.chosen, look);
    const context = this.canvas.getContext('2d');
    context.globalAlpha = 1;
    context.drawImage(this.image, 0, 0);
    if (this.drawn) this.#veil(context, look);
    this.#dim(context);
    this.#sampling(gate);
    this.#words();
    this.places.draw();
    this.point();
  }

  // cells over which the keys move: those of what is drawn, or of the class at every place
  get cells() { return this.drawn?.shape ?? this.places.shape; }

  #area() {
    const { width, height, box: [left, top, right, bottom] } = this.app.view.photograph;
    const [across, down] = [this.size[0] / width, this.size[1] / height];
    return [left * across, top * down, (right - left) * across, (bottom - top) * down];
  }

  // as attnviz.render.overlay: the photograph's own colours fade to grey, fully at an opacity of a half
  #veil(context, look) {
    const { values, shape, scale, cmap } = this.drawn;
    const area = this.#area();
    const [left, top, wide, high] = area;
    context.globalAlpha = Math.min(2 * look.opacity, 1);
    context.drawImage(this.grey, left, top, wide, high, left, top, wide, high);
    let [rows, columns] = shape;
    let shown = values;
    if (look.cells === 'smooth' && rows < FINE && columns < FINE) {
      [rows, columns] = [Math.min(FINE, Math.max(1, Math.round(high))), Math.min(FINE, Math.max(1, Math.round(wide)))];
      shown = smooth(values, shape, [rows, columns]);
    }
    context.globalAlpha = look.opacity;
    context.imageSmoothingEnabled = look.cells === 'smooth' || rows > high || columns > wide;
    context.drawImage(painted(pixels(shown, scale, cmap), columns, rows), ...area);
    context.imageSmoothingEnabled = true;
    context.globalAlpha = 1;
  }

  #dim(context) {
    if (this.whole) return;
    const [left, top, wide, high] = this.#area();
    const [width, height] = this.size;
    context.globalAlpha = 1;
    context.fillStyle = `rgba(0, 0, 0, ${DIM})`;
    context.fillRect(0, 0, width, top);
    context.fillRect(0, top + high, width, height - top - high);
    context.fillRect(0, top, left, high);
    context.fillRect(left + wide, top, width - left - wide, high);
  }

  // the grid on which a spatial transformer reads the picture
  #sampling(gate) {
    const shown = gate?.theta && gate.theta.shape[0] === 2 && gate.theta.shape[1] === 3;
    this.grid.hidden = !shown;
    if (!shown) return;
    const { clientWidth: wide, clientHeight: high } = this.frame;
    const context = sharp(this.grid, wide, high);
    const [left, top, w, h] = this.#area().map((v, i) => v * (i % 2 ? high / this.size[1] : wide / this.size[0]));
    const [a, b, c, d, e, f] = gate.theta.values;
    const at = (x, y) => [left + (w * (1 + a * x + b * y + c)) / 2, top + (h * (1 + d * x + e * y + f)) / 2];
    for (const [style, line] of [['rgba(0, 0, 0, .6)', 3.5], ['#fff', 1.5]]) {
      context.strokeStyle = style;
      context.lineWidth = line;
      context.beginPath();
      for (let i = 0; i < GRID; i++) {
        const s = -1 + (2 * i) / (GRID - 1);
        [[at(-1, s), at(1, s)], [at(s, -1), at(s, 1)]].forEach(([from, to]) => { context.moveTo(...from); context.lineTo(...to); });
      }
      context.stroke();
    }
  }

  #words() {
    const { app, drawn } = this;
    const say = app.say;
    const name = app.gate ? `${app.gate.name} (${app.kind(app.gate)})` : '';
    const numbers = drawn ? told(drawn, say) : '';
    this.box.setAttribute('aria-label', app.gate ? say('picture', { name, told: `${app.sentence} ${numbers}` }) : say('photo_only'));
    this.legend.hidden = !drawn;
    if (drawn) {
      const [low, high] = ends(drawn, say);
      this.low.textContent = low;
      this.high.textContent = high;
      this.ramp.style.background = gradient(drawn.cmap);
    }
    this.below.replaceChildren(...[drawn?.how === 'features' ? say('features_of', { channel: app.chosen.channel }) : null, this.whole ? null : say('saw_part')]
      .filter(Boolean).map((line) => make('div', {}, line)));
  }

  // mark the cell that is pointed at, and the place that asks
  point() {
    const { app, drawn } = this;
    const place = app.selection.at.place ?? app.selection.place;
    const asks = drawn ? asking(app.gate, place) : null;
    this.ring.hidden = !asks;
    if (asks) {
      this.ring.style.left = `${(100 * (asks[1] + 0.5)) / app.gate.grid[1]}%`;
      this.ring.style.top = `${(100 * (asks[0] + 0.5)) / app.gate.grid[0]}%`;
    }
    this.places.point();
    this.mark.hidden = !place || !this.cells;
    if (!place || !drawn) this.readout.textContent = drawn ? told(drawn, app.say) : '';
    if (this.mark.hidden) return;
    const [rows, columns] = this.cells;
    const [row, column] = [cell(place.down, rows), cell(place.across, columns)];
    Object.assign(this.mark.style, {
      left: `${(100 * column) / columns}%`, top: `${(100 * row) / rows}%`, width: `${100 / columns}%`, height: `${100 / rows}%`,
    });
    if (!drawn) return;
    const span = drawn.scale.high - drawn.scale.low;
    this.readout.textContent = app.say('place', { row, column, value: text(drawn.values[row * columns + column], span) });
  }

  #listen() {
    const { selection } = this.app;
    const where = (event) => {
      const area = this.box.getBoundingClientRect();
      return { down: (event.clientY - area.top) / area.height, across: (event.clientX - area.left) / area.width };
    };
    this.box.addEventListener('pointermove', (event) => selection.point({ place: where(event) }));
    this.box.addEventListener('pointerleave', () => selection.point());
    this.box.addEventListener('click', (event) => selection.choose({ place: where(event) }));
    this.box.addEventListener('keydown', (event) => {
      const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
      if (event.key === 'Escape') selection.choose({ place: null });
      if (!(event.key in moves) || !this.cells) return;
      const [rows, columns] = this.drawn?.how === 'query' && this.app.gate.asks ? this.app.gate.grid : this.cells;
      const now = selection.place ?? { down: 0.5, across: 0.5 };
      const step = selection.place ? moves[event.key] : [0, 0];
      const to = (share, count, by) => (Math.min(Math.max(cell(share, count) + by, 0), count - 1) + 0.5) / count;
      selection.choose({ place: { down: to(now.down, rows, step[0]), across: to(now.across, columns, step[1]) } });
      event.preventDefault();
    });
  }
}
