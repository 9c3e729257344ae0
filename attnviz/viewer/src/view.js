// The whole view in an element: parts around one selection.

import { Bars } from './bars.js';
import { Controls } from './controls.js';
import { make } from './dom.js';
import { ChannelMap } from './map.js';
import { Network } from './network.js';
import { text } from './numbers.js';
import { Picture } from './picture.js';
import { plane } from './plane.js';
import { feature, key, read } from './reading.js';
import { Rows } from './rows.js';
import { Selection } from './selection.js';
import { sentence } from './sentence.js';
import { STYLE } from './style.js';
import { Table } from './table.js';
import { language, say } from './texts.js';
import { help, usual, verdict, why } from './words.js';

const LOOK = { opacity: 0.55, cmap: 'viridis', scale: 'fixed', cells: 'exact', order: 'index' };

export class View {
  // `host` may have: onselect(state), onask({gate, channel} or {gate, place}), both optional
  constructor(element, host = {}) {
    this.host = host;
    this.look = { ...LOOK };
    this.language = 'en';
    this.say = (name, values) => say(name, this.language, values);
    this.selection = new Selection();
    this.remembered = new Map();
    this.own = false;
    this.root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
    this.#build();
    this.selection.listen((what) => this.#changed(what));
    this.theme(element);
    element.addEventListener('keydown', (event) => event.stopPropagation()); // JupyterLab takes keys for itself
    element.addEventListener('pointerdown', () => { this.pressed = true; });
    for (const name of ['pointerup', 'pointercancel']) addEventListener(name, () => this.#released());
  }

  #build() {
    this.picture = new Picture(this);
    this.bars = new Bars(this);
    this.rows = new Rows(this);
    this.network = new Network(this);
    this.map = new ChannelMap(this);
    this.table = new Table(this);
    this.controls = new Controls(this);
    this.title = make('p', { class: 'kind' });
    this.line = make('p', { class: 'sentence', 'aria-live': 'polite' });
    this.whyTitle = make('summary');
    this.whyText = make('p');
    this.why = make('details', { class: 'why' }, this.whyTitle, this.whyText);
    this.first = make('button', { type: 'button', class: 'text', onclick: () => this.show(this.view.first.gate) });
    this.ask = make('button', { type: 'button', class: 'ask', onclick: () => this.#ask() });
    this.askNote = make('p', { class: 'note' });
    this.usual = make('p', { class: 'note' });
    this.verdict = make('div', { class: 'verdict' });
    this.helpTitle = make('summary');
    this.helpText = make('div');
    this.help = make('details', { class: 'help' }, this.helpTitle, this.helpText);
    const head = make('div', { class: 'telling' }, this.line, this.title, make('div', { class: 'whys' }, this.why, this.first));
    this.under = make('div', { class: 'under' }, this.picture.element);
    this.side = make('div', { class: 'side' }, this.bars.element, this.rows.element, this.ask, this.askNote, this.usual, this.controls.element, this.help);
    this.problem = make('p', { class: 'problem', role: 'alert', hidden: true });
    this.body = make('div', { class: 'body', hidden: true }, make('div', { class: 'top' }, head, this.under, this.side), this.network.element, this.map.element, this.table.element);
    const sheet = new CSSStyleSheet(); // no element: a page's policy may forbid style sheets that it does not name
    sheet.replaceSync(STYLE);
    this.root.adoptedStyleSheets = [sheet];
    this.root.replaceChildren(make('div', { class: 'view' }, this.problem, this.body));
  }

  get gate() { return this.view?.gates[this.selection.gate] ?? null; }
  get chosen() { return { channel: this.selection.channel, place: this.selection.at.place ?? this.selection.place }; }
  get sentence() { return sentence(this.view, this.gate, { channel: this.selection.channel, place: null }, this.say); }
  kind(gate) { return gate.words[this.language] ?? gate.words.en; }

  // the channel to mark in a gate: what is pointed at or chosen, where the gate has that channel of the same map
  channelOf(gate) {
    const { at } = this.selection;
    const channel = at.channel ?? this.selection.channel;
    const from = this.view.gates[at.channel !== null ? at.gate ?? this.selection.gate : this.selection.gate];
    if (channel === null || !from?.scores || !gate?.scores) return null;
    return from === gate || from.features[1] === gate.features[1] ? (channel < gate.scores.values.length ? channel : null) : null;
  }

  // one channel in words
  told(gate, channel) {
    const { values } = gate.scores;
    const span = gate.summary.high - gate.summary.low || 1;
    return this.say('bar', { channel, value: text(values[channel], span), rank: gate.rank[channel] + 1, count: values.length });
  }

  // --- what hosts call

  document(given) {
    if (this.pressed) { this.held = given; return; } // what is being clicked on stays where it is
    const { view, problem } = read(given);
    this.broken = problem ?? null;
    this.problem.hidden = !problem;
    this.body.hidden = Boolean(problem);
    if (problem) { this.problem.textContent = this.say(problem.key, problem.values); return; }
    const before = this.view?.photograph;
    const tile = this.network.focused;
    const stays = view.live && this.gate && view.gates[this.selection.gate]?.name === this.gate.name;
    this.view = view;
    this.remembered.clear();
    this.asked = null; // what was asked of another document is answered there or never
    const open = view.open;
    if (!stays) this.selection.choose({ gate: null, channel: null, place: null });
    this.#photograph(before);
    this.network.draw();
    this.map.draw();
    this.own = stays && this.own;
    if (stays) this.#stay();
    else if (open !== null) this.#open(open);
    else this.#all();
    if (tile !== null) this.network.focus(tile);
  }

  // the document was taken away
  clear() {
    this.view = null;
    this.broken = null;
    this.problem.hidden = true;
    this.body.hidden = true;
  }

  speak(tag) {
    const next = language(tag);
    if (next === this.language) return;
    this.language = next;
    this.root.querySelector('.view').lang = next === 'zh' ? 'zh-CN' : 'en';
    this.controls.words();
    if (this.broken) this.problem.textContent = this.say(this.broken.key, this.broken.values);
    if (!this.view) return;
    this.network.words();
    this.map.words();
    this.#all();
    this.#point();
  }

  // choose from outside, by name: {gate, channel, place, look}; what is not there is left as it is
  pick({ gate, channel, place, look } = {}) {
    if (!this.view) return;
    if (look) this.draw(look);
    const index = gate === undefined ? this.selection.gate : this.view.gates.findIndex((each) => each.name === gate);
    if (index !== null && index >= 0) this.show(index, channel);
    if (place !== undefined) this.selection.choose({ place });
  }

  // a feature map came that was asked for, or the map of a place that asks
  features(given) {
    try {
      const found = feature(typeof given === 'string' ? JSON.parse(given) : given);
      if (found.query) Object.assign(this.view.gates[found.gate], { map: found, query: found.query });
      else this.view.features.set(key(found), found);
      if (found.gate === this.selection.gate) this.#all();
    } catch { /* another document's answer, or none: the question can be asked again */ }
    this.asked = null;
    this.#asking();
  }

  // --- what parts call

  // a person, or the host for one, chooses a gate
  show(index, channel) {
    this.own = true;
    this.#open(index, channel);
  }

  #open(index, channel) {
    const gate = this.view.gates[index];
    if (!gate) return;
    if (this.gate) this.remembered.set(this.gate.index, this.selection.channel);
    const inside = Number.isInteger(channel) && channel >= 0 && channel < (gate.scores?.values.length ?? 0);
    const top = gate.scores ? (this.remembered.get(index) ?? gate.order[0]) : null;
    this.selection.choose({ gate: index, channel: inside ? channel : top });
  }

  // the next frame of a camera: what is looked at stays, be it asked for with another choice
  #stay() {
    if (this.gate.scores && !this.own) this.selection.choose({ channel: this.gate.order[0] });
    this.#all();
    this.#point();
  }

  step(by) {
    const count = this.view?.gates.length ?? 0;
    if (count) this.show(Math.min(Math.max((this.selection.gate ?? 0) + by, 0), count - 1));
  }

  draw(change) {
    const before = this.look;
    this.look = { ...before, ...change };
    if (!this.view) return;
    if (change.cmap) this.network.draw();
    if (change.cmap) this.network.photograph(this.picture.source);
    if (change.cmap || change.order) this.map.draw();
    this.#all();
    this.host.onselect?.(this.state);
  }

  get state() {
    const { gate } = this;
    return { model: this.view?.model.id ?? null, gate: gate?.name ?? null, channel: this.selection.channel, place: this.selection.place, look: this.look, own: this.own };
  }

  // --- inside

  #changed(what) {
    if (!this.view) return;
    if (what.has('gate') || what.has('channel')) this.#all();
    else if (what.has('place')) this.#place();
    this.#point();
    if (what.has('gate')) {
      this.network.choose();
      this.map.choose();
    }
    if (!what.has('at')) this.host.onselect?.(this.state);
  }

  // another place asks: its map is in the document, or is asked for
  #place() {
    const { gate } = this;
    if (gate?.asks) this.#all();
    else if (gate?.how === 'query' && this.selection.place) this.host.onask?.({ gate: gate.index, name: gate.name, place: this.selection.place });
  }

  // everything that depends on the gate that is shown
  #all() {
    const { gate } = this;
    this.line.textContent = this.sentence;
    this.title.textContent = gate ? this.say('gate_of', { number: gate.index + 1, count: this.view.gates.length, name: gate.name, kind: this.kind(gate) }) : '';
    this.picture.draw();
    this.bars.draw();
    this.rows.draw();
    this.table.draw();
    this.controls.draw();
    this.#asking();
    why(this);
    help(this);
    usual(this);
    verdict(this);
  }

  #point() {
    this.picture.point();
    if (this.gate?.asks && this.selection.at.place) this.picture.draw();
    this.bars.point();
    this.map.point();
    this.network.point();
    this.table.point();
  }

  // features are in the document, or may be asked for, or neither, and that is said
  #asking() {
    const { gate } = this;
    const { channel } = this.selection;
    const missing = gate?.scores && gate.features.length === 4 && channel !== null && !plane(this.view, gate, this.chosen, this.look);
    this.ask.hidden = !missing || !this.host.onask;
    this.askNote.hidden = this.ask.hidden === false || !(missing || (gate?.how === 'query' && !gate.asks && !this.host.onask));
    this.ask.disabled = Boolean(this.asked);
    this.ask.textContent = this.say(this.asked ? 'features_wait' : 'features_ask', { channel });
    this.askNote.textContent = this.say(missing ? 'features_none' : 'asks_none');
  }

  #ask() {
    const asked = { gate: this.selection.gate, channel: this.selection.channel };
    this.asked = asked;
    this.#asking();
    this.host.onask({ ...asked, name: this.gate.name });
    setTimeout(() => { // an answer that never came
      if (this.asked !== asked) return;
      this.asked = null;
      this.#asking();
    }, 15_000);
  }

  // a document that came while something was pressed, once what was clicked on has had its click
  #released() {
    if (!this.pressed) return;
    setTimeout(() => {
      this.pressed = false;
      const { held } = this;
      this.held = null;
      if (held) this.document(held);
    });
  }

  // the one before stays until another of its size is decoded: frames of a camera would flicker
  #photograph(before) {
    const { photograph } = this.view;
    const mine = this.view;
    const use = (image) => {
      if (this.view !== mine) return;
      this.picture.source = image;
      this.picture.photograph(image);
      this.network.photograph(image);
      this.picture.draw();
    };
    const image = new Image();
    image.onload = () => use(image);
    image.onerror = () => { use(null); this.problem.textContent = this.say('photo_broken'); this.problem.hidden = false; };
    image.src = `data:image/jpeg;base64,${photograph.jpeg}`;
    if (!this.picture.source || before?.width !== photograph.width || before?.height !== photograph.height) this.picture.photograph(null);
  }

  // light or dark by the colour that the page gives its text, whatever made it so
  theme(element) {
    const see = () => {
      const [r, g, b] = getComputedStyle(element).color.match(/[\d.]+/g).map(Number);
      const dark = 0.299 * r + 0.587 * g + 0.114 * b > 140;
      const view = this.root.querySelector('.view');
      if (view.classList.contains('dark') === dark) return;
      view.classList.toggle('dark', dark);
      this.bars.restyle();
    };
    see();
    const observer = new MutationObserver(see);
    [document.documentElement, document.body].forEach((each) => observer.observe(each, { attributes: true, attributeFilter: ['class', 'data-theme', 'style'] }));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', see);
  }
}
