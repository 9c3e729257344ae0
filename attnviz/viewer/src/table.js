// The numbers behind the picture as a table, for eyes that cannot use colours and for copying.

import { make } from './dom.js';
import { text } from './numbers.js';

const MOST = 1024;

export class Table {
  constructor(app) {
    this.app = app;
    this.title = make('summary');
    this.body = make('div', { class: 'table', tabindex: 0, role: 'region' });
    this.element = make('details', { class: 'numbers', ontoggle: () => this.draw() }, this.title, this.body);
  }

  // made when it is opened
  draw() {
    const { gate, say } = this.app;
    this.title.textContent = say('table');
    this.element.hidden = !gate?.summary;
    if (!this.element.open || !gate?.summary) return;
    const array = gate.scores ?? gate.map ?? gate.rows ?? gate.theta;
    this.body.setAttribute('aria-label', gate.name);
    this.body.replaceChildren(gate.scores ? this.#scores(gate) : this.#grid(gate, array));
  }

  #scores(gate) {
    const { say } = this.app;
    const { values } = gate.scores;
    const span = gate.summary.high - gate.summary.low || 1;
    const shown = (this.app.look.order === 'sorted' ? gate.order : Array.from(values.keys())).slice(0, MOST);
    const rows = shown.map((channel) => make('tr', { 'data-channel': channel }, make('th', { scope: 'row' }, String(channel)), make('td', {}, text(values[channel], span))));
    const head = make('tr', {}, make('th', { scope: 'col' }, say('channel')), make('th', { scope: 'col' }, say('value')));
    return this.#table(gate, shown.length, values.length, head, rows);
  }

  #grid(gate, { values, shape: [rows, columns] }) {
    const span = gate.summary.high - gate.summary.low || 1;
    const wide = Math.min(columns, 64);
    const high = Math.min(rows, Math.max(1, Math.floor(MOST / wide)));
    const head = make('tr', {}, make('td'), ...Array.from({ length: wide }, (_, i) => make('th', { scope: 'col' }, String(i))));
    const lines = Array.from({ length: high }, (_, row) => make('tr', {}, make('th', { scope: 'row' }, String(row)),
      ...Array.from({ length: wide }, (__, i) => make('td', {}, text(values[row * columns + i], span)))));
    return this.#table(gate, wide * high, values.length, head, lines);
  }

  #table(gate, rows, count, head, lines) {
    const caption = this.app.say('table_caption', { name: gate.name, rows, count });
    return make('table', {}, make('caption', {}, caption), make('thead', {}, head), make('tbody', {}, ...lines));
  }

  // mark the channel that is pointed at
  point() {
    if (!this.element.open) return;
    const channel = this.app.gate?.scores ? this.app.channelOf(this.app.gate) : null;
    this.body.querySelector('.at')?.classList.remove('at');
    if (channel !== null) this.body.querySelector(`[data-channel="${Number(channel)}"]`)?.classList.add('at');
  }
}
