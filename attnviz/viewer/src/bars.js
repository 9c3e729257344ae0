// Scores as bars: hover a bar, or move with the keys, and the same channel is marked everywhere.

import { make, sharp } from './dom.js';
import { cell, scaleFor, text, unit } from './numbers.js';

const HIGH = 148;
const TOP = 8;
const BOTTOM = 18;
const LEFT = 26;

export class Bars {
  constructor(app) {
    this.app = app;
    this.canvas = make('canvas');
    this.mark = make('span', { class: 'bar-mark', hidden: true });
    this.area = make('div', { class: 'bars', tabindex: 0, role: 'slider', 'aria-valuemin': 0 }, this.canvas, this.mark);
    this.readout = make('div', { class: 'readout' });
    this.note = make('div', { class: 'note' });
    this.name = make('span');
    this.number = make('input', { type: 'number', min: 0, step: 1, onchange: () => this.#typed() });
    this.field = make('label', { class: 'channel' }, this.name, this.number);
    this.element = make('div', { class: 'scores' }, this.area, this.readout, this.field, this.note);
    this.wide = 0;
    this.#listen();
    // width and colours are read when they change: reading them at every draw would lay the whole page out
    new ResizeObserver(([entry]) => {
      this.wide = entry.contentRect.width || this.wide;
      this.draw();
    }).observe(this.area);
  }



  get gate() { return this.app.gate?.scores ? this.app.gate : null; }

  draw() {
    const { gate } = this;
    this.element.hidden = !gate;
    const { wide } = this;
    if (!gate) return;
    this.#words(gate);
    if (!wide) return;
    this.style ??= this.#style();
    const { values } = gate.scores;
    this.scale = this.#scale(gate);
    this.shown = this.app.look.order === 'sorted' ? gate.order : null;
    const context = sharp(this.canvas, wide, HIGH);
    const colour = (name) => this.style[name];
    this.#axis(context, wide, colour);
    const step = (wide - LEFT) / values.length;
    const gap = step > 4 ? Math.min(1.5, step * 0.2) : 0;
    const zero = this.#y(this.scale.low < 0 ? 0 : this.scale.low);
    if (gate.usual && gate.usual.low.length === values.length) this.#usual(context, gate.usual, step, colour);
    context.fillStyle = colour('--bar');
    for (let i = 0; i < values.length; i++) {
      const v = values[this.shown ? this.shown[i] : i];
      if (Number.isNaN(v)) continue;
      const y = this.#y(v);
      context.fillRect(LEFT + i * step + gap / 2, Math.min(y, zero), Math.max(step - gap, 0.5), Math.max(Math.abs(zero - y), 0.5));
    }
    this.point();
  }

  #style() {
    const style = getComputedStyle(this.element);
    const names = ['--bar', '--muted', '--line', '--usual'];
    return { font: style.fontFamily, ...Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name)])) };
  }

  // light became dark, or the other way
  restyle() {
    this.style = null;
    this.draw();
  }

  #scale(gate) {
    const { values } = gate.scores;
    if (!gate.range) return scaleFor([...values, 0], 'features');
    return this.app.look.scale === 'stretch' ? scaleFor(values, 'stretch') : { low: gate.range[0], high: gate.range[1], mode: 'fixed' };
  }

  #y(value) { return TOP + (HIGH - TOP - BOTTOM) * (1 - unit(value, this.scale)); }

  #axis(context, wide, colour) {
    const { low, high } = this.scale;
    context.font = `11px ${this.style.font}`;
    context.fillStyle = colour('--muted');
    context.strokeStyle = colour('--line');
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    for (const value of [low, (low + high) / 2, high]) {
      const y = Math.round(this.#y(value)) + 0.5;
      context.fillText(text(value, high - low).replace(/\.?0+$/, ''), LEFT - 4, y);
      context.beginPath();
      context.moveTo(LEFT, y);
      context.lineTo(wide, y);
      context.stroke();
    }
    const count = this.gate.scores.values.length;
    context.textBaseline = 'alphabetic';
    context.textAlign = 'left';
    if (this.shown) return;
    context.fillText('0', LEFT, HIGH - 4);
    context.textAlign = 'right';
    if (count > 1) context.fillText(String(count - 1), wide, HIGH - 4);
  }

  #usual(context, usual, step, colour) {
    context.fillStyle = colour('--usual');
    for (let i = 0; i < usual.low.length; i++) {
      const k = this.shown ? this.shown[i] : i;
      const [top, bottom] = [this.#y(usual.high[k]), this.#y(usual.low[k])];
      context.fillRect(LEFT + i * step, top, Math.max(step, 0.5), Math.max(bottom - top, 1));
    }
  }

  #words(gate) {
    const { say } = this.app;
    const count = gate.scores.values.length;
    this.area.setAttribute('aria-label', say(gate.scored ? 'bars' : 'bars_added', { count }));
    this.area.setAttribute('aria-valuemax', String(count - 1));
    this.name.textContent = say('channel');
    this.number.max = count - 1;
    this.field.hidden = count < 2;
    if (this.app.selection.channel !== null) this.number.value = this.app.selection.channel;
    this.note.textContent = gate.usual ? say('usual_legend', { images: gate.usual.images.toLocaleString('en') }) : '';
  }

  // one channel in words
  told(channel) {
    const { gate, app } = this;
    const { values } = gate.scores;
    const span = gate.summary.high - gate.summary.low || 1;
    const line = app.say('bar', { channel, value: text(values[channel], span), rank: gate.rank[channel] + 1, count: values.length });
    if (!gate.usual || gate.usual.low.length !== values.length) return line;
    const [low, high] = [gate.usual.low[channel], gate.usual.high[channel]];
    const key = values[channel] > high ? 'usual_out_high' : values[channel] < low ? 'usual_out_low' : 'usual_in';
    return `${line} · ${app.say(key, { low: text(low, high - low), high: text(high, high - low) })}`;
  }

  // mark the channel that is pointed at, else the chosen one
  point() {
    const { gate } = this;
    if (!gate) return;
    const channel = this.app.channelOf(gate);
    const count = gate.scores.values.length;
    this.mark.hidden = channel === null || !this.wide;
    if (this.mark.hidden) return;
    const place = this.shown ? gate.rank[channel] : channel;
    const share = (this.wide - LEFT) / count;
    const wide = Math.max(share, 3);
    Object.assign(this.mark.style, { left: `${LEFT + (place + 0.5) * share - wide / 2}px`, width: `${wide}px` });
    const line = this.told(channel);
    this.readout.textContent = line;
    this.area.setAttribute('aria-valuenow', String(channel));
    this.area.setAttribute('aria-valuetext', line);
  }

  // a number was typed; one that is not there is put back
  #typed() {
    const channel = Number(this.number.value);
    const known = this.number.value !== '' && Number.isInteger(channel) && channel >= 0 && channel < this.gate.scores.values.length;
    if (known) this.app.selection.choose({ channel });
    else this.number.value = this.app.selection.channel;
  }

  #at(event) {
    const area = this.area.getBoundingClientRect();
    const place = cell((event.clientX - area.left - LEFT) / (area.width - LEFT), this.gate.scores.values.length);
    return this.shown ? this.shown[place] : place;
  }

  #listen() {
    const { app } = this;
    this.area.addEventListener('pointermove', (event) => app.selection.point({ gate: this.gate.index, channel: this.#at(event) }));
    this.area.addEventListener('pointerleave', () => app.selection.point());
    this.area.addEventListener('click', (event) => app.selection.choose({ channel: this.#at(event) }));
    this.area.addEventListener('keydown', (event) => {
      const { gate } = this;
      const count = gate.scores.values.length;
      const page = Math.max(Math.round(count / 10), 2);
      const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: page, PageDown: -page, Home: -count, End: count };
      if (!(event.key in moves)) return;
      const now = app.chosen.channel ?? 0;
      const place = Math.min(Math.max((this.shown ? gate.rank[now] : now) + moves[event.key], 0), count - 1);
      app.selection.choose({ channel: this.shown ? this.shown[place] : place });
      event.preventDefault();
    });
  }
}
