// How things are drawn, the lines of Python that draw the same, and saving the picture.

import { make } from './dom.js';
import { MAPS } from './colour.js';

const CHOICES = {
  scale: ['fixed', 'stretch'],
  cells: ['exact', 'smooth'],
  order: ['index', 'sorted'],
};

export class Controls {
  constructor(app) {
    this.app = app;
    this.words_ = [];
    const opacity = make('input', { type: 'range', min: 0, max: 1, step: 0.05, value: app.look.opacity, oninput: (event) => app.draw({ opacity: Number(event.target.value) }) });
    const colours = make('select', { onchange: (event) => app.draw({ cmap: event.target.value }) }, ...MAPS.map((name) => make('option', { value: name }, name)));
    this.inputs = { opacity, cmap: colours };
    this.title = make('summary');
    this.code = make('pre', { tabindex: 0 });
    this.codeNote = make('p', { class: 'note' });
    this.shownCode = make('div', { class: 'code', hidden: true }, this.codeNote, this.code);
    this.python = make('button', { type: 'button', class: 'text', onclick: () => this.#copy() });
    this.save = make('button', { type: 'button', class: 'text', onclick: () => this.#save() });
    const fields = [this.#field('opacity', opacity), this.#field('colours', colours), ...Object.keys(CHOICES).map((name) => this.#radio(name))];
    this.look = make('details', { class: 'look' }, this.title, make('div', { class: 'fields' }, ...fields));
    this.element = make('div', { class: 'controls' }, make('div', { class: 'actions' }, this.python, this.save), this.shownCode, this.look);
    this.words();
  }

  #field(name, input) {
    const label = make('span');
    this.words_.push(() => { label.textContent = this.app.say(name); });
    return make('label', {}, label, input);
  }

  #radio(name) {
    const legend = make('legend');
    this.words_.push(() => { legend.textContent = this.app.say(name); });
    const group = `${name}-${Math.random().toString(36).slice(2)}`;
    return make('fieldset', { 'data-name': name }, legend, ...CHOICES[name].map((value) => {
      const text = make('span');
      this.words_.push(() => { text.textContent = this.app.say(`${name}_${value}`); });
      const input = make('input', { type: 'radio', name: group, value, checked: this.app.look[name] === value, onchange: () => this.app.draw({ [name]: value }) });
      return make('label', {}, input, text);
    }));
  }

  words() {
    this.title.textContent = this.app.say('look');
    this.python.textContent = this.app.say('python');
    this.save.textContent = this.app.say('save');
    this.codeNote.textContent = this.app.say('python_text');
    this.words_.forEach((put) => put());
    this.draw();
  }

  draw() {
    const { gate } = this.app;
    this.python.hidden = !gate || !(gate.map || gate.scores);
    if (this.python.hidden) this.shownCode.hidden = true;
    else this.code.textContent = python(this.app);
  }

  async #copy() {
    const lines = python(this.app);
    this.code.textContent = lines;
    this.shownCode.hidden = false;
    try {
      await navigator.clipboard.writeText(lines);
      this.python.textContent = this.app.say('copied');
      setTimeout(() => { this.python.textContent = this.app.say('python'); }, 1500);
    } catch {
      getSelection()?.selectAllChildren(this.code); // no clipboard here: the lines are shown and marked
    }
  }

  #save() {
    const { app } = this;
    app.picture.canvas.toBlob((blob) => {
      const url = URL.createObjectURL(blob);
      make('a', { href: url, download: `${app.view.model.id}-${app.gate?.name ?? 'photograph'}.png`.replace(/[^\w.-]/g, '-') }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    });
  }
}

const quote = (text) => JSON.stringify(String(text));

// the lines that make the picture that is shown
export function python({ view, gate, look }) {
  const { name } = view.photograph;
  const lines = ['import attnviz', name ? 'from attnviz.images.samples import load_sample' : null];
  const [use, draw] = gate.map ? mapLines(gate, look) : barLines(gate, look);
  const photo = name ? `load_sample(${quote(name)})` : '"photo.jpg"';
  lines.push(use, '', `analysis = attnviz.analyse(${quote(view.model.id)}, ${photo})`, `gate = analysis.gate(${quote(gate.name)})`, ...draw, 'figure.savefig("gate.png", dpi=200)');
  return lines.filter((line) => line !== null).join('\n');
}

function mapLines(gate, look) {
  const scale = gate.even || ['query', 'pooled'].includes(gate.how) ? 'stretch' : look.scale;
  const cells = look.cells === 'smooth' ? 'bilinear' : 'nearest';
  const settings = `opacity=${look.opacity}, cmap=${quote(look.cmap)}, scale=${quote(scale)}, interpolation=${quote(cells)}`;
  return [
    'from attnviz.core.gate_map import mask_for\nfrom attnviz.render.overlay import overlay_figure',
    ['height, width = analysis.image.network.shape[:2]', 'mask = mask_for(gate, analysis.gates, aspect=height / width).values', `figure = overlay_figure(analysis.image, mask, ${settings})`],
  ];
}

function barLines(gate, look) {
  const scale = gate.range ? look.scale : 'features';
  return [
    'from attnviz.render.figures.bars import channel_bars',
    [`figure = channel_bars(gate.values.reshape(-1), order=${quote(look.order)}, scale=${quote(scale)})`],
  ];
}
