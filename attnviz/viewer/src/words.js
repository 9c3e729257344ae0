// What is told beside the picture: why this gate, what it means, whether it is usual.

import { make } from './dom.js';
import { text } from './numbers.js';

const HELP = [
  [(gate) => gate.how === 'query', 'pairwise'],
  [(gate) => gate.how === 'pooled', 'pooled'],
  [(gate) => gate.residual, 'residual'],
  [(gate) => gate.map, 'mask'],
  [(gate) => gate.scores && gate.scored, 'scores'],
  [(gate) => gate.scores, 'added'],
  [(gate) => gate.rows && gate.even, 'branches'],
  [(gate) => gate.theta, 'theta'],
];

// what it means, and what it does not say
export function help(app) {
  const { gate } = app;
  const topic = HELP.find(([fits]) => gate && fits(gate))?.[1];
  app.help.hidden = !topic;
  if (!topic) return;
  app.helpTitle.textContent = app.say(`help_${topic}`);
  app.helpText.replaceChildren(...app.say(`help_${topic}_text`).split('|').map((line) => make('p', {}, line)));
}

// why this gate is shown first, or the way back to it
export function why(app) {
  const { first, gates } = app.view;
  const own = first && first.gate === app.selection.gate;
  app.why.hidden = !own;
  app.first.hidden = !first || own;
  app.first.textContent = app.say('chosen');
  if (!own) return;
  app.whyTitle.textContent = app.say('why');
  const values = { count: gates.length, value: text(first.value, first.value), share: (100 * first.value).toFixed(1) };
  const tested = first.rule === 'places' && gates.some((gate) => gate.verdict); // and none was missed: it would stand first
  app.whyText.textContent = app.say(tested ? 'why_places_tested' : `why_${first.rule}`, values);
}

// whether the mean of a mask is usual
export function usual(app) {
  const { gate } = app;
  app.usual.textContent = gate?.map && gate.usual?.low.length === 1 ? meanOf(app, gate) : '';
}

function meanOf(app, gate) {
  const [low, high] = [gate.usual.low[0], gate.usual.high[0]];
  const { mean } = gate.summary;
  const name = mean > high ? 'usual_mask_high' : mean < low ? 'usual_mask_low' : 'usual_mask_in';
  const span = high - low;
  return app.say(name, { value: text(mean, span), low: text(low, span), high: text(high, span), images: gate.usual.images.toLocaleString('en') });
}

// whether the gate matters, as an audit of the network says
export function verdict(app) {
  const found = app.gate?.verdict;
  app.verdict.hidden = !found;
  // beside the picture, or under it where bars make what stands beside it the longer one
  if (app.gate?.scores) app.under.append(app.verdict);
  else app.side.insertBefore(app.verdict, app.controls.element);
  if (!found) return;
  const head = app.say('verdict', { photographs: found.photographs.toLocaleString('en') });
  const told = found.sentences.map((each) => make('p', { class: each.costs ? 'costs' : '' }, unbroken(each[app.language] ?? each.en)));
  const note = (words) => make('p', { class: 'note' }, words);
  const notes = found.sentences.some((each) => each.open) ? ['verdict_note', 'verdict_open'] : ['verdict_note'];
  app.verdict.replaceChildren(note(head), ...told, note(notes.map((key) => app.say(key)).join(' ')));
}

// an interval stays on one line
const unbroken = (told) => told.replace(/\[[^\]]*\]/g, (ends) => ends.replaceAll(' ', '\u00a0'));
