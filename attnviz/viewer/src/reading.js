// A document as it came -> a view with its arrays, or a sentence that says why not.

import { ranked, summary, unpack } from './numbers.js';

export const FORMAT = 'attnviz-view';
export const VERSION = 1;
const PARTS = ['scores', 'map', 'asks', 'rows', 'theta'];

// {view} or {problem: {key, values}}; nothing in the text is trusted
export function read(text) {
  let given;
  try {
    given = typeof text === 'string' ? JSON.parse(text) : text;
  } catch {
    return { problem: { key: 'damaged' } };
  }
  if (!given || typeof given !== 'object' || given.format !== FORMAT) return { problem: { key: 'foreign' } };
  if (given.version !== VERSION) {
    return { problem: { key: 'version', values: { given: String(given.version).slice(0, 20), reads: VERSION } } };
  }
  try {
    return { view: whole(given) };
  } catch {
    return { problem: { key: 'damaged' } };
  }
}

function whole(given) {
  const gates = given.gates.map(gate);
  const inside = (at) => Number.isInteger(at) && at >= 0 && at < gates.length;
  const units = given.network.units.map((unit) => ({ ...unit, shape: numbers(unit.shape), gates: unit.gates }));
  if (!units.every((unit) => Array.isArray(unit.gates) && unit.gates.every(inside))) throw new Error('gates of a unit');
  if (given.open !== null && !inside(given.open)) throw new Error('opening gate');
  const { jpeg, width, height, box } = given.photograph;
  const [left, top, right, bottom] = numbers(box);
  const size = width > 0 && height > 0 && left < right && top < bottom && right <= width && bottom <= height;
  if (typeof jpeg !== 'string' || !size || left < 0 || top < 0) throw new Error('photograph');
  const features = new Map(given.features.map((each) => [key(each), feature(each)]));
  const top5 = given.prediction.top.map(({ en, zh, text }) => ({ en: String(en), zh: String(zh), text: String(text) }));
  const network = { input: numbers(given.network.input), units };
  const classes = given.classes ? answers(given.classes) : null;
  return { ...given, gates, network, features, classes, prediction: { ...given.prediction, top: top5 } };
}

// the class at every place
function answers(given) {
  const places = unpack(given.places);
  const values = unpack(given.values);
  const names = given.names.map(({ en, zh }) => ({ en: String(en), zh: String(zh) }));
  const means = given.means.map(({ en, zh, text }) => ({ en: String(en), zh: String(zh), text: String(text) }));
  const fits = places.shape.length === 2 && values.values.length === places.values.length;
  if (!fits || !places.values.every((at) => at in names)) throw new Error('classes');
  return { places, values, names, means };
}

export const key = ({ gate, channel }) => `${gate}/${channel}`;

export function feature(given) {
  const { values, shape } = unpack(given.values);
  if (shape.length !== 2) throw new Error('a feature map has two axes');
  const query = Array.isArray(given.query) && given.query.every(Number.isInteger) ? given.query : null;
  return { gate: given.gate, channel: given.channel, query, values, shape };
}

function gate(given, index) {
  const out = { ...given, index, name: String(given.name), shape: numbers(given.shape), features: numbers(given.features) };
  if (!given.words || typeof given.words.en !== 'string') throw new Error('words');
  for (const part of PARTS) {
    if (given.parts.includes(part)) out[part] = unpack(given[part]);
    else delete out[part];
  }
  if (out.map && out.map.shape.length !== 2) throw new Error('a map has two axes');
  if (given.usual) {
    const ends = Object.fromEntries(['low', 'middle', 'high'].map((end) => [end, unpack(given.usual[end]).values]));
    out.usual = { ...ends, images: Number(given.usual.images) };
  }
  const told = given.verdict?.sentences?.map(({ en, zh, costs, open }) => ({ en: String(en), zh: String(zh), costs: costs === true, open: open === true }));
  out.verdict = told ? { photographs: Number(given.verdict.photographs), sentences: told } : null;
  if (out.scores) {
    out.order = ranked(out.scores.values);
    out.rank = new Int32Array(out.order.length);
    out.order.forEach((channel, place) => { out.rank[channel] = place; });
  }
  const main = out.scores ?? out.map ?? out.rows ?? out.theta;
  if (main) out.summary = summary(main.values);
  return out;
}

function numbers(list) {
  if (!Array.isArray(list) || !list.every(Number.isFinite)) throw new Error('numbers');
  return list;
}
