import assert from 'node:assert/strict';
import test from 'node:test';

import { pixels, table } from '../../../attnviz/viewer/src/colour.js';
import { bin, cell, half, ranked, scaleFor, smooth, summary, text, unit, unpack } from '../../../attnviz/viewer/src/numbers.js';
import { read } from '../../../attnviz/viewer/src/reading.js';
import { stages } from '../../../attnviz/viewer/src/network.js';
import { distinct } from '../../../attnviz/viewer/src/map.js';
import { ends } from '../../../attnviz/viewer/src/plane.js';
import { Selection } from '../../../attnviz/viewer/src/selection.js';
import { placesWithHalf } from '../../../attnviz/viewer/src/sentence.js';
import { KEYS, LANGUAGES, both, language, say } from '../../../attnviz/viewer/src/texts.js';

test('float16 as IEEE 754 has it', () => {
  assert.deepEqual([0x0000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x3555].map(half), [0, 1, -2, 65504, 2 ** -24, 0.333251953125]);
  assert.equal(half(0x7c00), Infinity);
  assert.equal(half(0xfc00), -Infinity);
  assert.ok(Number.isNaN(half(0x7e00)));
});

test('arrays are little-endian, and a damaged one throws', () => {
  assert.deepEqual([...unpack({ type: 'f4', shape: [1], data: 'AACAPw==' }).values], [1]);
  assert.deepEqual([...unpack({ type: 'f2', shape: [2], data: 'ADwAwA==' }).values], [1, -2]);
  for (const broken of [{ type: 'f4', shape: [2], data: 'AACAPw==' }, { type: 'f8', shape: [1], data: 'AACAPw==' }, { type: 'f4', shape: [-1], data: '' }, { type: 'f4', shape: [1], data: '?' }]) {
    assert.throws(() => unpack(broken));
  }
});

test('scales as in Python', () => {
  assert.deepEqual(scaleFor([0.2, 0.4], 'fixed'), { low: 0, high: 1, mode: 'fixed' });
  assert.deepEqual(scaleFor([0.2, NaN, 0.4], 'stretch'), { low: 0.2, high: 0.4, mode: 'stretch' });
  assert.deepEqual(scaleFor([-1, 3], 'features'), { low: -3, high: 3, mode: 'diverging' });
  assert.deepEqual(scaleFor([0, 3], 'features'), { low: 0, high: 3, mode: 'sequential' });
  const constant = scaleFor([0.5, 0.5], 'stretch');
  assert.ok(constant.low < 0.5 && constant.high > 0.5);
  assert.equal(scaleFor([NaN], 'stretch').high, 1);
  assert.equal(unit(5, { low: 0, high: 1 }), 1);
  assert.deepEqual([0, 0.999, 1, NaN].map(bin), [0, 255, 255, 256]);
});

test('ranks put NaN last and keep equal scores by index', () => {
  assert.deepEqual(ranked(Float32Array.from([0.5, NaN, 0.9, 0.5])), [2, 0, 3, 1]);
});

test('numbers have the decimals that their distance needs', () => {
  assert.deepEqual([text(0.5), text(0.123456, 0.001), text(-0.001), text(-1.5), text(12345), text(NaN), text(267, 267), text(26.71, 26.7)], ['0.50', '0.1235', '0.00', '−1.50', '1.23e+4', 'NaN', '267', '26.7']);
});

test('smooth maps are linear between the centres and keep a hole', () => {
  assert.deepEqual([...smooth([0, 1], [1, 2], [1, 4])], [0, 0.25, 0.75, 1]);
  assert.deepEqual([...smooth([3], [1, 1], [2, 2])], [3, 3, 3, 3]);
  assert.ok(Number.isNaN(smooth([0, NaN], [1, 2], [1, 4])[3]));
});

test('colours: NaN is grey, ends are the ends of the table', () => {
  const out = pixels([0, 1, NaN], { low: 0, high: 1 }, 'viridis');
  assert.deepEqual([...out.slice(0, 4)], [68, 1, 84, 255]);
  assert.deepEqual([...out.slice(4, 8)], [253, 231, 37, 255]);
  assert.deepEqual([...out.slice(8, 11)], [128, 128, 128]);
  assert.equal(table('nonsense'), table('nonsense'));
});

test('cells never leave the map', () => {
  assert.deepEqual([cell(-1, 4), cell(0.999, 4), cell(1, 4), cell(0.5, 1)], [0, 3, 3, 0]);
});

test('one selection tells what changed, once', () => {
  const selection = new Selection();
  const heard = [];
  selection.listen((what) => heard.push([...what].sort().join()));
  selection.choose({ gate: 1, channel: 3 });
  selection.choose({ gate: 1, channel: 3 });
  selection.point({ channel: 5 });
  selection.point({ channel: 5 });
  assert.deepEqual(heard, ['channel,gate', 'at']);
  assert.equal(selection.shown.channel, 5);
  selection.point();
  assert.equal(selection.shown.channel, 3);
});

test('a damaged document, another one and one of another version say which', () => {
  assert.equal(read('{').problem.key, 'damaged');
  assert.equal(read('[]').problem.key, 'foreign');
  assert.equal(read('{"format":"attnviz-view","version":2}').problem.key, 'version');
  assert.equal(read('{"format":"attnviz-view","version":1}').problem.key, 'damaged');
});

test('every text is there in both languages with the same values', () => {
  const values = (line) => [...line.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort().join();
  for (const key of KEYS) {
    assert.equal(both(key).length, LANGUAGES.length, key);
    assert.equal(values(both(key)[0]), values(both(key)[1]), key);
  }
  assert.equal(say('mean', 'zh', { value: '0.5' }), '均值 0.5');
  assert.deepEqual(['zh-CN', 'ZH', 'en-GB', null, 'fr'].map(language), ['zh', 'zh', 'en', 'en', 'en']);
});

test('units of one size form a stage', () => {
  const unit_ = (...shape) => ({ shape });
  const found = stages([unit_(16, 8, 8), unit_(32, 8, 8), unit_(32, 4, 4), unit_(10)]);
  assert.deepEqual(found.map((stage) => stage.length), [2, 1, 1]);
});

test('names lose what all of them end with, but never everything', () => {
  assert.deepEqual(distinct(['a.1.attention', 'a.2.attention']), ['a.1', 'a.2']);
  assert.deepEqual(distinct(['x']), ['x']);
  assert.equal(summary([NaN]).count, 0);
});

test('half of the weight lies on so many places', () => {
  assert.equal(placesWithHalf([0.1, 0.4, 0.2, 0.3]), 2);
  assert.equal(placesWithHalf([0, 1, 0]), 1);
  assert.equal(placesWithHalf([0.25, 0.25, NaN, 0.25, 0.25]), 2);
  assert.equal(placesWithHalf(new Float32Array(256).fill(1 / 256)), 128);
});

test('a gate that adds is not said to shut or keep', () => {
  const told = (residual) => ends({ scale: { low: 0, high: 1, mode: 'fixed' }, residual }, (key) => key);
  assert.deepEqual(told(true), ['adds_nothing', 'adds_again']);
  assert.deepEqual(told(false), ['shuts', 'keeps']);
});
