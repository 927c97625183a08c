/** Checkpoints of every kind of units, whose checksum is right for what they say, be it absurd. */

import { createHash } from 'node:crypto';

import { decodeCheckpoint, decodeCheckpointHeader } from '../../../dist/checkpoint/checkpoint.js';
import { hostileNumbers } from '../draw.js';
import { faultOfArray, hostileName } from './checks.js';
import { jsonText } from './json.js';
import { countOf, encode } from './numbers.js';
import { safetensorsFile } from './safetensors.js';

const checksumKey = '"checksum":"';
const blank = '0'.repeat(64);

/** The file with a checksum that is right for the rest of it; as it is where it has none. */
export function sealCheckpoint(bytes) {
  const found = bytes.indexOf(checksumKey, 8, 'latin1');
  if (found < 0) return bytes;
  const sealed = Buffer.from(bytes);
  const place = found + checksumKey.length;
  sealed.write(blank, place, 'latin1');
  sealed.write(createHash('sha256').update(sealed).digest('hex'), place, 'latin1');
  return sealed;
}

/** A tensor of float64, some of whose numbers may be hostile. @param {import('../draw.js').Draw} draw */
function float64(draw, shape, values = draw.numbers(countOf(shape)).map((value) => value / 4)) {
  const shown = draw.lie(values, hostileNumbers.map((value) => values.map((other) => (draw.chance(0.5) ? value : other))));
  return { dtype: 'F64', shape, values, content: encode('f8', shown) };
}

/** A tensor of zeros and ones. @param {import('../draw.js').Draw} draw */
function states(draw, shape) {
  const values = draw.numbers(countOf(shape), 0, 1);
  return { dtype: 'U8', shape, values, content: encode('u1', values.map((value) => draw.chance(0.1) ? draw.lie(value, [2, 255]) : value)) };
}

/** What each kind of visible units adds to identity and tensors, for n = 4. @param {import('../draw.js').Draw} draw */
const kinds = {
  binary: () => ({}),
  ising: () => ({ units: { visible: 'ising', hidden: 'ising' } }),
  gaussian: () => ({ units: { visible: 'gaussian', hidden: 'binary' }, standardization: { means: [0, 1, -2, 0.5], deviations: [1, 2, 3, 0.5] } }),
  'learned variance': (draw) => ({ units: { visible: 'gaussian', hidden: 'binary', variance: 'learned' }, visibleLogVariance: float64(draw, [4]) }),
  categorical: () => ({
    units: { visible: 'categorical', hidden: 'binary', groups: [0, 2, 4] },
    categories: [{ column: 'colour', values: ['red', 'blue'] }, { column: 2, values: ['0', '1'] }],
  }),
};

/** A checkpoint of 4 visible and 2 or 3 hidden units. @param {import('../draw.js').Draw} draw */
export function checkpointFile(draw) {
  const visible = 4;
  const hidden = draw.integer(2, 3);
  const { visibleLogVariance, ...ofUnits } = kinds[draw.pick(Object.keys(kinds))](draw);
  const parameters = () => [['weights', float64(draw, [visible, hidden])], ['visibleBias', float64(draw, [visible])], ['hiddenBias', float64(draw, [hidden])]];
  const tensors = parameters();
  if (visibleLogVariance !== undefined) tensors.push(['visibleLogVariance', visibleLogVariance]);
  if (draw.chance(0.5)) tensors.push(...parameters().map(([name, tensor]) => [`velocity.${name}`, tensor]));
  if (draw.chance(0.3)) tensors.push(['tracking.logWeights', float64(draw, [3])]);
  if (draw.chance(0.3)) tensors.push(['updates.step', float64(draw, [1])]);
  if (draw.chance(0.5)) tensors.push(['state.visibleChains', states(draw, [2, visible])], ['state.hiddenChains', states(draw, [2, hidden])]);
  const update = draw.integer(0, 20);
  const lines = Buffer.from(draw.lie(`{"event":"evaluation","update":${update}}\n`, ['\u001b[2J\n', 'no JSON\n', '{"event":"evaluation"}', '{}\n{}\n', 'null\n', '\n']));
  if (draw.chance(0.1)) lines[0] = draw.lie(lines[0], [0xff, 0x80]);
  tensors.push(['metrics', { dtype: draw.lie('U8', ['BOOL', 'F64']), shape: draw.lie([lines.length], [[1, lines.length], [lines.length, 1]]), values: [...lines], content: lines }]);
  const progress = { update, evaluated: draw.chance(0.5), ...(draw.chance(0.5) && { best: { update: draw.integer(0, update), value: -1.5, criterion: 'meanLogLikelihood' } }) };
  const identity = {
    version: '0.1.0', numericsVersion: 2, configHash: 'ab'.repeat(32), dataFingerprint: 'cd'.repeat(32), config: { seed: 1, training: { algorithm: 'cd' } },
    ...(draw.chance(0.5) && ofUnits.categories === undefined && { shape: [2, 2] }), ...ofUnits,
  };
  const metadata = Object.fromEntries(
    draw.list(
      Object.entries({
        format: draw.lie('rbm-train checkpoint'),
        formatVersion: draw.lie('1', ['0', '2', '3', '01', '\u001b[31m']),
        checksum: blank,
        digest: draw.lie('00'.repeat(32)),
        progress: jsonText(draw, progress),
        identity: jsonText(draw, identity),
      }),
    ),
  );
  const file = safetensorsFile(draw, new Map(draw.list(tensors)), metadata);
  return { bytes: draw.lie(true, [true, true, false]) ? sealCheckpoint(file) : file, expected: { tensors: new Map(tensors), progress, identity } };
}

/** Why a decoded checkpoint makes no sense; undefined where it does. */
export function faultOfCheckpoint(checkpoint) {
  const { parameters, velocity, metrics, progress, identity } = checkpoint;
  const { visibleUnits, hiddenUnits } = parameters;
  for (const model of [parameters, ...(velocity === undefined ? [] : [velocity])]) {
    for (const [name, count] of Object.entries({ weights: visibleUnits * hiddenUnits, visibleBias: visibleUnits, hiddenBias: hiddenUnits })) {
      if (model[name].length !== count) return `has ${model[name].length} numbers of ${name} instead of ${count}`;
      if (![...model[name]].every(Number.isFinite)) return `has ${name} that are not finite`;
    }
  }
  const { best } = progress;
  if (!Number.isSafeInteger(progress.update) || progress.update < 0) return `is at update ${progress.update}`;
  if (best !== undefined && !(Number.isFinite(best.value) && best.update >= 0 && best.update <= progress.update)) return `has the best figure ${JSON.stringify(best)} at update ${progress.update}`;
  if (identity.shape !== undefined && !(identity.shape.every((side) => side > 0) && identity.shape[0] * identity.shape[1] === visibleUnits)) return `has pictures of ${identity.shape} with ${visibleUnits} units`;
  if (typeof identity.config !== 'object') return `has the config ${identity.config}`;
  // What is deeper can't be shown.
  JSON.stringify(identity);
  for (const line of metrics) {
    try {
      if (typeof JSON.parse(line) !== 'object') throw new Error('no object');
    } catch {
      return `has a line of metrics that is no JSON object: ${line}`;
    }
  }
  return undefined;
}

/** @type {import('./index.js').Target} */
export const checkpoint = {
  name: 'checkpoint',
  generate: checkpointFile,
  run(bytes) {
    const end = 8 + Number(bytes.subarray(0, 8).length < 8 ? 0 : bytes.readBigUInt64LE(0));
    const header = bytes.length >= 8 && end <= bytes.length ? decodeCheckpointHeader(bytes.subarray(0, end), [bytes.subarray(end)]) : undefined;
    return { whole: decodeCheckpoint(bytes, hostileName), header };
  },
  check({ whole, header }, _bytes, expected) {
    if (header === undefined) return 'is a checkpoint, but its header alone is none';
    const fault = faultOfCheckpoint(whole);
    if (fault !== undefined || expected === undefined) return fault;
    for (const name of ['weights', 'visibleBias', 'hiddenBias']) {
      const tensor = expected.tensors.get(name);
      const other = faultOfArray({ shape: tensor.shape, values: whole.parameters[name] }, tensor);
      if (other !== undefined) return `${name} ${other}`;
    }
    const found = JSON.stringify([whole.progress, whole.identity]);
    return found === JSON.stringify([expected.progress, expected.identity]) ? undefined : `says ${found}`;
  },
  seal: sealCheckpoint,
};
