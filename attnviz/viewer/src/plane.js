// What lies over the photograph: one table from what a gate is made of to values, a scale and what the ends mean.

import { cell, scaleFor, summary, text } from './numbers.js';
import { key } from './reading.js';
import { SIGNED } from './colour.js';

// gate, what is chosen -> {values, shape, scale, cmap, how}, or null where nothing lies over the photograph
export function plane(view, gate, { channel, place }, look) {
  if (!gate) return null;
  const made = DRAWN.find(([part]) => gate[part])?.[1](view, gate, { channel, place }, look);
  return made ?? null;
}

const DRAWN = [
  ['map', overMap],
  ['scores', overFeatures],
];

// which place asks in a pairwise gate: its row, its column
export function asking(gate, place) {
  if (!gate?.grid || gate.how !== 'query') return null;
  if (!gate.asks || !place) return gate.query;
  return [cell(place.down, gate.grid[0]), cell(place.across, gate.grid[1])];
}

function overMap(view, gate, { place }, look) {
  const { shape } = gate.map;
  let { values } = gate.map;
  if (gate.asks && gate.how === 'query') {
    const [row, column] = asking(gate, place);
    const count = shape[0] * shape[1];
    const start = (row * gate.grid[1] + column) * count;
    values = gate.asks.values.subarray(start, start + count);
  }
  if (gate.how === 'query' || gate.how === 'pooled' || gate.even) {
    // weights that sum to 1 are read as multiples of an even share
    const shares = values.map((v) => v * values.length);
    return { values: shares, shape, scale: scaleFor(shares, 'shares'), cmap: look.cmap, how: gate.how };
  }
  return { values, shape, scale: scaleFor(values, look.scale), cmap: look.cmap, how: gate.how, residual: gate.residual };
}

function overFeatures(view, gate, { channel }, look) {
  const found = channel === null ? null : view.features.get(key({ gate: gate.index, channel }));
  if (!found) return null;
  const scale = scaleFor(found.values, 'features');
  const cmap = scale.mode === 'diverging' ? SIGNED : look.cmap;
  return { values: found.values, shape: found.shape, scale, cmap, how: 'features' };
}

// the two ends of a legend
export function ends(drawn, say) {
  const { low, high, mode } = drawn.scale;
  if (mode === 'fixed') return drawn.residual ? [say('adds_nothing'), say('adds_again')] : [say('shuts'), say('keeps')];
  if (mode === 'shares') return ['0', say('even_share', { value: text(high, high) })];
  const span = high - low;
  return [text(low, span), text(high, span)];
}

// lowest, mean and highest value of what is drawn
export function told(drawn, say) {
  const { low, mean, high } = summary(drawn.values);
  const span = high - low;
  return say('low_high', { low: text(low, span), mean: text(mean, span), high: text(high, span) });
}
