// One plain true sentence about what is shown, from the numbers alone.

import { summary, text } from './numbers.js';
import { plane } from './plane.js';

const SMALL = 0.02; // values that lie within this are alike to the eye on a scale from 0 to 1

export function sentence(view, gate, chosen, say) {
  if (!gate) return view.facts?.contents ? say('no_gates_but', { parts: view.facts.contents }) : say('no_gates');
  if (gate.left_out) return say(`left_${gate.left_out}`);
  if (gate.scores) return gate.scored ? aboutScores(view, gate, chosen, say) : aboutAdded(gate, say);
  if (gate.map) return aboutMap(view, gate, chosen, say);
  if (gate.theta) return say('theta');
  return aboutRows(gate, say);
}

function aboutScores(view, gate, { channel }, say) {
  const { values } = gate.scores;
  const count = values.length;
  const { low, high } = gate.summary;
  const value = (k) => text(values[k], high - low || 1);
  if (count === 1) return say('kept_one', { value: value(0) });
  if (high - low < 1e-3) return say('kept_alike', { count, value: text(gate.summary.mean, 1) });
  const top = channel === null || channel === gate.order[0];
  const shown = channel ?? gate.order[0];
  const about = { count, channel: shown, value: value(shown), rank: gate.rank[shown] + 1 };
  const drawn = plane(view, gate, { channel: shown }, { cmap: 'viridis' });
  const lights = drawn ? ` ${say(whereLights(drawn))}` : '';
  return say(top ? 'kept_most' : 'kept_this', about) + lights;
}

function whereLights(drawn) {
  const { low, high } = summary(drawn.values);
  if (!(high > low)) return 'lights_nowhere';
  return drawn.scale.mode === 'diverging' ? 'lights_signed' : 'lights';
}

function aboutAdded(gate, say) {
  const { values } = gate.scores;
  let channel = 0;
  values.forEach((v, i) => { if (Math.abs(v) > Math.abs(values[channel]) || Number.isNaN(values[channel])) channel = i; });
  return say('added_most', { count: values.length, channel, value: text(values[channel], gate.summary.high - gate.summary.low) });
}

function aboutMap(view, gate, chosen, say) {
  const drawn = plane(view, gate, chosen, { scale: 'fixed', cmap: 'viridis' });
  const { low, mean, high } = summary(drawn.values);
  const numbers = { low: text(low, high - low), high: text(high, high - low), value: text(mean, 1) };
  if (drawn.scale.mode === 'shares') {
    const shares = { high: text(high, high), half: placesWithHalf(drawn.values), count: drawn.values.length };
    return say(gate.how === 'query' ? 'asks' : 'pooled', shares);
  }
  if (gate.residual) return say('mask_residual', numbers);
  if (high - low < SMALL) return say('mask_alike', numbers);
  const count = drawn.values.length;
  const shut = drawn.values.filter((v) => v < 0.1).length;
  const kept = drawn.values.filter((v) => v > 0.9).length;
  if (gate.how === 'spatial' && shut && kept && shut + kept > count / 2) return say('mask_split', { count, shut, kept });
  return say(gate.how === 'spatial' ? 'mask_range' : 'mask_mean', numbers);
}

// How many of the places with the most weight hold half of it together.
export function placesWithHalf(values) {
  const most = Array.from(values).filter(Number.isFinite).sort((a, b) => b - a);
  let left = most.reduce((sum, v) => sum + v, 0) / 2;
  return most.findIndex((v) => (left -= v) <= 0) + 1;
}

function aboutRows(gate, say) {
  const [rows, columns] = gate.rows.shape;
  if (!gate.even || rows > 16 || columns < 2) return say('rows', { rows: gate.size[0], columns: gate.size[1] });
  const means = Array.from({ length: rows }, (_, row) => summary(gate.rows.values.subarray(row * columns, (row + 1) * columns)).mean);
  const branch = means.indexOf(Math.max(...means));
  return say('branches', { branch, value: text(means[branch], 1) });
}
