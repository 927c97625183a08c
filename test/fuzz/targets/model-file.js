/** Models of other tools: three arrays by their names and shapes, in each of the formats. */

import { writeFileSync } from 'node:fs';

import { readModelFile } from '../../../dist/checkpoint/model-file.js';
import { faultOfArray } from './checks.js';
import { pathOf } from './folder.js';
import { matFile } from './mat.js';
import { npyOf } from './npy.js';
import { sealZip, zipFile } from './npz.js';
import { encode } from './numbers.js';
import { safetensorsFile, tensorTypes } from './safetensors.js';

/** @type {import('./index.js').Target} */
export const modelFile = {
  name: 'model-file',
  cost: 2,
  generate(draw) {
    const [visible, hidden] = [draw.integer(1, 4), draw.integer(1, 4)];
    const transposed = draw.chance(0.3);
    const names = draw.pick([['weights', 'visibleBias', 'hiddenBias'], ['W', 'a', 'b'], ['vishid', 'visbiases', 'hidbiases']]);
    const shapes = [[visible, hidden], [visible], [hidden]];
    const arrays = Object.fromEntries(names.map((name, index) => [name, { shape: shapes[index], values: draw.numbers(shapes[index].reduce((a, b) => a * b)) }]));
    const [weights, visibleBias, hiddenBias] = names.map((name) => arrays[name].values);
    const expected = { visible, hidden, weights, visibleBias, hiddenBias };
    if (transposed && visible !== hidden) {
      const across = Array.from({ length: visible * hidden }, (_, index) => weights[(index % visible) * hidden + Math.floor(index / visible)]);
      arrays[names[0]] = { shape: [hidden, visible], values: across };
    }
    if (draw.chance(0.2)) arrays.extra = { shape: [2, 2, 2], values: draw.numbers(8) };
    const kind = draw.pick(['npz', 'safetensors', 'mat']);
    if (kind === 'npz') {
      const contents = Object.entries(arrays).map(([name, { shape, values }]) => [`${name}.npy`, npyOf(draw, shape, values)]);
      return { bytes: zipFile(draw, Object.fromEntries(contents)), expected };
    }
    if (kind === 'mat') {
      const inMatlab = Object.entries(arrays).map(([name, { shape, values }]) => [name, { shape: shape.length === 1 ? [1, ...shape] : shape, values, type: draw.pick(['f8', 'i2', 'i1', 'i8']) }]);
      return { bytes: matFile(draw, new Map(inMatlab)), expected };
    }
    const dtype = draw.pick(['F64', 'F32', 'I16']);
    const tensors = Object.entries(arrays).map(([name, { shape, values }]) => [name, { dtype, shape, content: encode(tensorTypes[dtype], values) }]);
    return { bytes: safetensorsFile(draw, new Map(tensors), undefined), expected };
  },
  run(bytes) {
    const path = pathOf('model\u001b[2J.bin');
    writeFileSync(path, bytes);
    return readModelFile(path, {}).parameters;
  },
  check({ visibleUnits, hiddenUnits, weights, visibleBias, hiddenBias }, _bytes, expected) {
    const [n, m] = [visibleUnits, hiddenUnits];
    const arrays = { weights: [[n, m], weights], visibleBias: [[n], visibleBias], hiddenBias: [[m], hiddenBias] };
    const of = expected && { weights: [expected.visible, expected.hidden], visibleBias: [expected.visible], hiddenBias: [expected.hidden] };
    for (const [name, [shape, values]] of Object.entries(arrays)) {
      if (!values.every(Number.isFinite)) return `has ${name} that are not finite`;
      const fault = faultOfArray({ shape, values }, expected && { shape: of[name], values: expected[name] });
      if (fault !== undefined) return `${name} ${fault}`;
    }
    return undefined;
  },
  seal: (bytes) => (bytes.subarray(0, 2).toString('latin1') === 'PK' ? sealZip(bytes) : bytes),
  memory: (bytes) => 3 * 1032 * bytes.length + (1 << 20),
};
