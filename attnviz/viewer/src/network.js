// The network as a line: photograph -> stages of blocks with their gates in place -> answer.

import { make, painted, sharp } from './dom.js';
import { pixels } from './colour.js';
import { scaleFor, text, unit } from './numbers.js';
import { ranked } from './numbers.js';

const MANY = 48; // gates beyond which tiles are small
const FIXED = { low: 0, high: 1, mode: 'fixed' };

export class Network {
  constructor(app) {
    this.app = app;
    this.title = make('h2');
    this.line = make('div', { class: 'line', role: 'group' });
    this.back = make('button', { type: 'button', class: 'step', onclick: () => app.step(-1) }, '‹');
    this.forth = make('button', { type: 'button', class: 'step', onclick: () => app.step(1) }, '›');
    this.readout = make('div', { class: 'readout', 'aria-live': 'polite' });
    this.list = make('select', { onchange: () => app.show(Number(this.list.value)) });
    this.note = make('p', { class: 'note' });
    this.element = make('section', { class: 'network' }, make('div', { class: 'head' }, this.title, this.back, this.list, this.forth, this.readout), this.line, this.note);
    this.tiles = [];
    this.line.addEventListener('keydown', (event) => {
      const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
      if (!(event.key in steps)) return;
      app.step(steps[event.key]);
      this.tiles[app.selection.gate]?.element.focus();
      event.preventDefault();
    });
  }

  draw() {
    const { app } = this;
    const { units, input } = app.view.network;
    this.tiles = [];
    this.element.classList.toggle('many', app.view.gates.length > MANY);
    this.thumbnail = make('canvas', { class: 'thumb', width: 72, height: 72 });
    this.words_ = [];
    const parts = [this.#end('input', this.thumbnail, `${input[0]}×${input[1]}`)];
    for (const stage of stages(units)) parts.push(this.#then(this.#stage(stage)));
    parts.push(this.#then(this.#answer()));
    this.line.replaceChildren(...parts);
    this.tiles = app.view.gates.map((_, index) => this.tiles[index]).filter(Boolean);
    this.words();
    this.choose();
    this.point();
  }

  // the gate whose tile has the keyboard's focus, and giving it back after the tiles were drawn anew
  get focused() {
    const at = this.tiles.findIndex(({ element }) => element.matches(':focus'));
    return at < 0 ? null : at;
  }

  focus(at) { this.tiles[at]?.element.focus({ preventScroll: true }); }

  // with its arrow before it: a line that is full breaks before an arrow, never behind one
  #then(part) { return make('div', { class: 'then' }, make('span', { class: 'arrow', 'aria-hidden': 'true' }, '→'), part); }

  #end(name, picture, size) {
    const label = make('span');
    this.words_.push(() => { label.textContent = this.app.say(name); });
    return make('div', { class: 'end' }, picture, label, make('small', {}, size));
  }

  #answer() {
    const { prediction } = this.app.view;
    const label = make('strong');
    const [best] = prediction.top;
    this.words_.push(() => { label.textContent = best ? best[this.app.language] : '–'; });
    const box = make('div', { class: 'answer' }, label);
    return this.#end('answer', box, best ? best.text : '');
  }

  #stage(units) {
    const size = make('div', { class: 'stage-size' });
    const shape = units.at(-1).shape;
    const counts = units.filter((each) => each.shape.length === 3).map((each) => each.shape[0]);
    const [low, high] = [Math.min(...counts), Math.max(...counts)];
    this.words_.push(() => {
      const [, height, width] = shape;
      size.textContent = shape.length === 3 ? this.app.say(low < high ? 'stage_range' : 'stage', { channels: high, low, high, height, width })
        : shape.length ? this.app.say('vector', { count: shape[0] }) : '';
    });
    const bare = units.every((each) => !each.gates.length);
    return make('div', { class: `stage${bare ? ' bare' : ''}` }, size, make('div', { class: 'units' }, ...units.map((each) => this.#unit(each))));
  }

  #unit(unit_) {
    const name = make('span', { class: 'unit-name', title: unit_.name }, unit_.block ? short(unit_.name) : '');
    if (!unit_.block) {
      this.words_.push(() => { name.textContent = unit_.layers === 1 ? this.app.say('layer') : unit_.layers ? this.app.say('layers', { count: unit_.layers }) : ''; });
    }
    const element = make('div', { class: `unit${unit_.block ? ' block' : ''}${unit_.shortcut ? ' shortcut' : ''}` });
    if (unit_.shortcut) this.words_.push(() => element.setAttribute('title', this.app.say('shortcut')));
    element.append(make('div', { class: 'tiles' }, ...unit_.gates.map((index) => this.#tile(index))), name);
    return element;
  }

  #tile(index) {
    const { app } = this;
    const gate = app.view.gates[index];
    const dot = make('span', { class: 'dot', hidden: true });
    const element = make('button', {
      type: 'button', class: 'tile', 'data-gate': index,
      onclick: () => app.show(index),
      onpointerenter: () => app.selection.point({ gate: index }),
      onpointerleave: () => app.selection.point(),
      onfocus: () => app.selection.point({ gate: index }),
      onblur: () => app.selection.point(),
    }, thumbnail(gate, app), dot);
    this.words_.push(() => {
      const about = { number: index + 1, count: app.view.gates.length, name: gate.name, kind: app.kind(gate) };
      const mean = gate.summary ? `, ${app.say('mean', { value: text(gate.summary.mean, 1) })}` : '';
      element.setAttribute('aria-label', `${app.say('gate_of', about)}${mean}`);
    });
    this.tiles[index] = { element, dot, gate };
    return element;
  }

  photograph(image) {
    if (!image || !this.thumbnail) return;
    const { box: [left, top, right, bottom], width, height } = this.app.view.photograph;
    const [across, down] = [(image.naturalWidth || image.width) / width, (image.naturalHeight || image.height) / height];
    this.thumbnail.getContext('2d').drawImage(image, left * across, top * down, (right - left) * across, (bottom - top) * down, 0, 0, 72, 72);
  }

  words() {
    const { say } = this.app;
    this.title.textContent = say('network');
    this.line.setAttribute('aria-label', say('network'));
    this.note.textContent = say('network_hint');
    this.back.setAttribute('aria-label', say('previous'));
    this.forth.setAttribute('aria-label', say('next'));
    this.list.setAttribute('aria-label', say('gate'));
    this.list.replaceChildren(...this.app.view.gates.map((gate) => make('option', { value: gate.index }, this.#choice(gate))));
    this.list.value = String(this.app.selection.gate);
    [this.back, this.forth, this.list, this.note].forEach((each) => { each.hidden = this.app.view.gates.length < 2; });
    this.words_.forEach((put) => put());
  }

  #choice(gate) {
    const size = gate.shape.slice(1).filter((n) => n > 1).join('×') || '1';
    return this.app.say('gate_choice', { number: gate.index + 1, name: gate.name, kind: this.app.kind(gate), size });
  }

  choose() {
    const { gate } = this.app.selection;
    this.list.value = String(gate);
    this.tiles.forEach((tile) => {
      const chosen = tile.gate.index === gate;
      tile.element.setAttribute('aria-pressed', String(chosen));
      tile.element.tabIndex = chosen || (gate === null && tile === this.tiles[0]) ? 0 : -1;
    });
  }

  // the gate, and in every map the place, that is pointed at
  point() {
    const { app } = this;
    const { at } = app.selection;
    const place = at.place ?? app.selection.place;
    this.tiles.forEach(({ element, dot, gate }) => {
      element.classList.toggle('pointed', at.gate === gate.index);
      dot.hidden = !place || !gate.map;
      if (!dot.hidden) Object.assign(dot.style, { left: `${100 * place.across}%`, top: `${100 * place.down}%` });
    });
    const gate = at.gate === null ? null : app.view.gates[at.gate];
    this.readout.textContent = gate ? `${gate.index + 1} · ${gate.name} · ${app.kind(gate)}` : '';
  }
}

// units of one size of map, in a row
export function stages(units) {
  const out = [];
  for (const each of units) {
    const size = each.shape.slice(1).join('×');
    if (out.length && out.at(-1).size === size) out.at(-1).units.push(each);
    else out.push({ size, units: [each] });
  }
  return out.map((stage) => stage.units);
}

const short = (name) => name.split('.').slice(-2).join('.');

// one table: what a gate is made of -> its small picture
const SMALL = [
  ['map', (gate, look) => image(gate.map, scaleOf(gate), look)],
  ['scores', (gate) => profile(gate)],
  ['rows', (gate, look) => image(gate.rows, gate.even && gate.size[0] <= 16 ? FIXED : scaleFor(gate.rows.values, 'stretch'), look)],
  ['theta', (gate) => make('span', { class: 'words' }, 'θ')],
];

function thumbnail(gate, app) {
  const draw = SMALL.find(([part]) => gate[part])?.[1];
  return draw ? draw(gate, app.look) : make('span', { class: 'words' }, '…');
}

const scaleOf = (gate) => (gate.even || gate.how === 'query' || gate.how === 'pooled' ? scaleFor(gate.map.values, 'stretch') : FIXED);

function image({ values, shape: [rows, columns] }, scale, look) {
  return painted(pixels(values, scale, look.cmap), columns, rows);
}

// scores from the highest to the lowest, as an outline
function profile(gate) {
  const canvas = make('canvas');
  const context = sharp(canvas, 44, 44);
  const { values } = gate.scores;
  const scale = gate.range ? FIXED : scaleFor([...values, 0], 'features');
  const order = gate.order ?? ranked(values);
  const zero = 44 * (1 - unit(scale.low < 0 ? 0 : scale.low, scale));
  context.fillStyle = '#3b93d1'; // seen on white and on near-black: nothing draws it anew when the colours change
  context.beginPath();
  context.moveTo(0, zero);
  order.forEach((channel, i) => {
    const y = 44 * (1 - unit(Number.isNaN(values[channel]) ? scale.low : values[channel], scale));
    context.lineTo((44 * i) / order.length, y);
    context.lineTo((44 * (i + 1)) / order.length, y);
  });
  context.lineTo(44, zero);
  context.fill();
  return canvas;
}
