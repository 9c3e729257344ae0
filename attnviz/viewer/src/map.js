// Layers × channels: every channel gate as a row of colours, the same channel marked in every row that has it.

import { make, painted } from './dom.js';
import { pixels } from './colour.js';
import { cell, text } from './numbers.js';

const FIXED = { low: 0, high: 1, mode: 'fixed' };

export class ChannelMap {
  constructor(app) {
    this.app = app;
    this.rows = make('div', { class: 'map-rows' });
    this.title = make('h2');
    this.readout = make('div', { class: 'readout', 'aria-live': 'polite' });
    this.note = make('p', { class: 'note' });
    this.element = make('section', { class: 'map' }, this.title, this.rows, this.readout, this.note);
    this.lines = [];
  }

  // a new document, another order or other colours
  draw() {
    const { app } = this;
    const gates = app.view.gates.filter((gate) => gate.scored && gate.scores);
    this.element.hidden = !gates.length;
    const names = distinct(gates.map((gate) => gate.name));
    this.lines = gates.map((gate, i) => this.#line(gate, names[i]));
    this.rows.replaceChildren(...this.lines.map((line) => line.element));
    this.words();
    this.choose();
    this.point();
  }

  #line(gate, name) {
    const { app } = this;
    const { values } = gate.scores;
    const sorted = app.look.order === 'sorted';
    const shown = sorted ? Float32Array.from(gate.order, (channel) => values[channel]) : values;
    const picture = painted(pixels(shown, FIXED, app.look.cmap), values.length, 1);
    const mark = make('span', { class: 'column', hidden: true });
    const strip = make('span', { class: 'strip' }, picture, mark);
    const mean = make('span', { class: 'row-mean' });
    const element = make('button', { type: 'button', 'data-gate': gate.index }, make('span', { class: 'row-name', title: gate.name }, `${gate.index + 1} · ${name}`), strip, mean);
    const at = (event) => {
      const area = strip.getBoundingClientRect();
      const place = cell((event.clientX - area.left) / area.width, values.length);
      return sorted ? gate.order[place] : place;
    };
    strip.addEventListener('pointermove', (event) => app.selection.point({ gate: gate.index, channel: at(event) }));
    element.addEventListener('pointerleave', () => app.selection.point());
    element.addEventListener('click', (event) => {
      const channel = event.detail && strip.contains(event.target) ? at(event) : gate.order[0];
      app.show(gate.index, channel);
    });
    return { gate, element, mark, mean, sorted };
  }

  words() {
    const { say } = this.app;
    this.title.textContent = say('map');
    this.note.textContent = say('map_hint');
    this.lines.forEach(({ gate, mean }) => {
      mean.textContent = `${say('mean', { value: text(gate.summary.mean, 1) })} · ${gate.scores.values.length}`;
    });
  }

  choose() {
    this.lines.forEach(({ gate, element }) => element.setAttribute('aria-pressed', String(gate.index === this.app.selection.gate)));
  }

  point() {
    const { app } = this;
    const gate = app.view?.gates[app.selection.shown.gate];
    this.lines.forEach((line) => {
      const channel = gate?.scores ? app.channelOf(line.gate) : null;
      line.mark.hidden = channel === null;
      if (channel === null) return;
      const count = line.gate.scores.values.length;
      const place = line.sorted ? line.gate.rank[channel] : channel;
      line.mark.style.left = `${(100 * (place + 0.5)) / count}%`;
    });
    const pointed = app.selection.at.gate;
    const over = pointed !== null && app.selection.at.channel !== null && gate?.scores;
    this.readout.textContent = over ? `${gate.index + 1} · ${gate.name} · ${app.told(gate, app.selection.at.channel)}` : '';
  }
}

// names without the dotted parts with which all of them end, where that leaves them different
export function distinct(names) {
  const parts = names.map((name) => name.split('.'));
  let most = Math.min(...parts.map((each) => each.length)) - 1;
  let cut = 0;
  while (cut < most && new Set(parts.map((each) => each.at(-1 - cut))).size === 1) cut += 1;
  return parts.map((each) => each.slice(0, each.length - cut).join('.'));
}
