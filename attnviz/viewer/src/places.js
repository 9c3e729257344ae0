// What a network that answers everywhere says: its class at the place that is pointed at or chosen, and over the picture.

import { make } from './dom.js';
import { cell, text } from './numbers.js';

const SHARES = ['softmax', 'sigmoid']; // numbers that are probabilities

export class Places {
  constructor(app) {
    this.app = app;
    this.here = make('p', { class: 'here', 'aria-live': 'polite' });
    this.means = make('p', { class: 'note' });
    this.element = make('div', { class: 'places', hidden: true }, this.here, this.means);
  }

  get shape() { return this.app.view?.classes?.places.shape ?? null; }

  draw() {
    const { app } = this;
    const { classes } = app.view;
    this.element.hidden = !classes;
    if (!classes) return;
    const told = classes.means.map((each) => `${each[app.language] || each.en} ${each.text}`).join(' · ');
    this.means.textContent = app.say('class_means', { means: told });
    this.point();
  }

  point() {
    const { app } = this;
    const classes = app.view?.classes;
    if (!classes) return;
    const place = app.selection.at.place ?? app.selection.place;
    if (!place) { this.here.textContent = app.say('class_hint'); return; }
    const [rows, columns] = classes.places.shape;
    const at = cell(place.down, rows) * columns + cell(place.across, columns);
    const name = classes.names[classes.places.values[at]];
    const value = classes.values.values[at];
    const shown = SHARES.includes(app.view.prediction.scores) ? `${(100 * value).toFixed(1)} %` : text(value, Math.abs(value));
    this.here.textContent = app.say('class_here', { name: name[app.language] || name.en, value: shown });
  }
}
