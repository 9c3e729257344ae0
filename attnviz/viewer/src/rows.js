// A gate that is neither a map nor scores: branches as bars, a matrix as colours, six numbers as a table.

import { make, painted } from './dom.js';
import { gradient, pixels } from './colour.js';
import { scaleFor, text } from './numbers.js';

export class Rows {
  constructor(app) {
    this.app = app;
    this.element = make('div', { class: 'rows' });
  }

  draw() {
    const { gate } = this.app;
    this.element.hidden = !(gate?.rows || gate?.theta);
    if (gate?.rows) this.element.replaceChildren(...this.#matrix(gate));
    else if (gate?.theta) this.element.replaceChildren(numbers(gate.theta));
    else this.element.replaceChildren();
  }

  #matrix(gate) {
    const { values, shape: [rows, columns] } = gate.rows;
    const { app } = this;
    const branches = gate.even && gate.size[0] <= 16;
    const scale = branches ? { low: 0, high: 1, mode: 'fixed' } : scaleFor(values, app.look.scale === 'fixed' && !gate.even ? 'fixed' : 'stretch');
    const picture = painted(pixels(values, scale, app.look.cmap), columns, rows);
    picture.className = 'matrix';
    picture.style.aspectRatio = `${columns} / ${Math.max(rows, columns / 4)}`;
    picture.setAttribute('role', 'img');
    picture.setAttribute('aria-label', app.say('rows', { rows: gate.size[0], columns: gate.size[1] }));
    const span = scale.high - scale.low;
    const ramp = make('span', { class: 'ramp', style: { background: gradient(app.look.cmap) } });
    return [picture, make('div', { class: 'legend' }, make('span', {}, text(scale.low, span)), ramp, make('span', {}, text(scale.high, span)))];
  }
}

function numbers({ values, shape: [rows, columns] }) {
  const line = (row) => make('tr', {}, ...Array.from({ length: columns }, (_, i) => make('td', {}, text(values[row * columns + i], 1))));
  return make('table', { class: 'theta' }, make('tbody', {}, ...Array.from({ length: rows }, (_, row) => line(row))));
}
