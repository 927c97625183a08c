import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { readModelFile, type ArrayNames } from '../../src/checkpoint/model-file.js';
import { writeNpz } from '../../src/formats/npz-writer.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import type { ModelParameters } from '../../src/kernels/index.js';
import { mat } from '../cli/support/encoders.js';
import { codeOf } from '../formats/damage.js';
import { describeWithNumpy, runPython } from '../formats/numpy.js';
import { checkpointBytes, sampleCheckpoint, temporaryFolder } from './sample.js';

interface Arrays {
  [name: string]: { shape: number[]; values: Float64Array | Uint8Array };
}

const folder = temporaryFolder();
let count = 0;

/** The arrays as MATLAB has them: a vector is a row, and columns lie one after the other. */
function matOf(arrays: Arrays): Buffer {
  return mat(
    Object.entries(arrays).map(([name, { shape, values }]) => {
      const [rows, columns] = shape.length === 1 ? [1, shape[0]] : shape;
      const inColumns = Array.from({ length: rows * columns }, (_, index) => values[(index % rows) * columns + Math.floor(index / rows)]);
      return { name, shape: [rows, columns], values: inColumns };
    }),
  );
}

/** Writes the arrays as a file of the given kind; its path. */
function write(kind: 'npz' | 'safetensors' | 'mat', arrays: Arrays): string {
  const path = join(folder, `${count++}.${kind}`);
  if (kind === 'mat') {
    writeFileSync(path, matOf(arrays));
    return path;
  }
  const entries = new Map(Object.entries(arrays));
  writeFileSync(path, kind === 'npz' ? writeNpz(entries) : writeSafetensors(entries, {}));
  return path;
}

/** first, first + 1, … */
function numbers(shape: number[], first: number): { shape: number[]; values: Float64Array } {
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, values: Float64Array.from({ length }, (_, k) => first + k) };
}

function read(path: string, names: ArrayNames = {}): unknown {
  const { visibleUnits, hiddenUnits, weights, visibleBias, hiddenBias } = readModelFile(path, names).parameters;
  return { n: visibleUnits, m: hiddenUnits, weights: [...weights], visibleBias: [...visibleBias], hiddenBias: [...hiddenBias] };
}

/** W = [[0, 1], [2, 3], [4, 5]], a = [100, 101, 102], b = [200, 201]. */
const model = { n: 3, m: 2, weights: [0, 1, 2, 3, 4, 5], visibleBias: [100, 101, 102], hiddenBias: [200, 201] };
const weights = numbers([3, 2], 0);
const transposedWeights = { shape: [2, 3], values: Float64Array.of(0, 2, 4, 1, 3, 5) };
const visible = numbers([3], 100);
const hidden = numbers([2], 200);

function errorOf(path: string, names: ArrayNames = {}): { code: string; message: string; hint: string } {
  try {
    readModelFile(path, names);
  } catch (error) {
    return error as { code: string; message: string; hint: string };
  }
  throw new Error('it was read');
}

describe.each(['npz', 'safetensors', 'mat'] as const)('%s of another tool', (kind) => {
  test.each<[string, Arrays, ArrayNames]>([
    ['any names, by shape', { p: weights, q: visible, r: hidden }, {}],
    ['any names in another order, by shape', { a1: hidden, a2: visible, a3: weights }, {}],
    ['W, a, b', { W: weights, a: visible, b: hidden }, {}],
    ['names with case, dots and underscores', { 'RBM_weight': weights, 'v_Bias': visible, 'h.bias': hidden }, { weights: 'RBM_weight' }],
    ['scikit-learn’s names: components_ are hidden × visible', { components_: transposedWeights, intercept_visible_: visible, intercept_hidden_: hidden }, {}],
    ['components_ beside biases with unknown names', { components_: transposedWeights, q: visible, r: hidden }, {}],
    ['hidden × visible weights with named biases, by shape', { W: transposedWeights, a: visible, b: hidden }, {}],
    ['hidden × visible weights with unknown names, by --transpose', { p: transposedWeights, q: visible, r: hidden }, { transpose: true }],
    ['one bias by name, the other one left over', { W: weights, vbias: visible, x: hidden }, {}],
    ['the names that were asked for, among other arrays', { p: weights, q: numbers([3, 2], 7), r: visible, s: numbers([3], 1), t: hidden }, { weights: 'p', visibleBias: 'r', hiddenBias: 't' }],
    ['one bias by name, the other one by its length', { W: weights, visbiases: visible, hidrecbiases: hidden, epoch: numbers([1], 5) }, {}],
    ['the hidden bias by name, weights hidden × visible', { W: transposedWeights, hbias: hidden, x: visible, epoch: numbers([1], 5) }, {}],
    ['all by shape, biases of 1 × n and n × 1', { p: weights, q: { ...visible, shape: [1, 3] }, r: { ...hidden, shape: [2, 1] } }, {}],
    ['biases of 1 × n', { W: weights, a: { ...visible, shape: [1, 3] }, b: { ...hidden, shape: [1, 2] } }, {}],
    ['biases of n × 1', { W: weights, a: { ...visible, shape: [3, 1] }, b: { ...hidden, shape: [2, 1] } }, {}],
    ['biases of 1 × n with unknown names', { W: weights, q: { ...visible, shape: [1, 3] }, r: { ...hidden, shape: [1, 2] } }, {}],
    ['arrays beside the model', { W: weights, a: visible, b: hidden, epochs: numbers([1], 5), losses: numbers([9], 0) }, {}],
  ])('%s', (_, arrays, names) => {
    expect(read(write(kind, arrays), names)).toEqual(model);
  });

  test('one hidden unit', () => {
    const single = { n: 3, m: 1, weights: [0, 1, 2], visibleBias: [100, 101, 102], hiddenBias: [200] };
    const bias = numbers([1], 200);
    expect(read(write(kind, { W: numbers([3, 1], 0), a: visible, b: bias }))).toEqual(single);
    // In MATLAB p and q are both matrices and vectors.
    expect(read(write(kind, { p: numbers([3, 1], 0), q: visible, r: bias }), kind === 'mat' ? { weights: 'p' } : {})).toEqual(single);
    expect(read(write(kind, { components_: numbers([1, 3], 0), intercept_visible_: visible, intercept_hidden_: bias }))).toEqual(single);
    expect(read(write(kind, { W: numbers([3, 1], 0), a: { ...visible, shape: [1, 3] }, b: { ...bias, shape: [1, 1] } }))).toEqual(single);
  });

  test('as many visible as hidden units: names decide, and components_ are hidden × visible', () => {
    const square = { shape: [2, 2], values: Float64Array.of(0, 1, 2, 3) };
    const a = numbers([2], 100);
    const b = numbers([2], 200);
    expect(read(write(kind, { W: square, a, b }))).toMatchObject({ weights: [0, 1, 2, 3], visibleBias: [100, 101], hiddenBias: [200, 201] });
    expect(read(write(kind, { W: square, a, b }), { transpose: true })).toMatchObject({ weights: [0, 2, 1, 3] });
    const sklearn = write(kind, { components_: square, intercept_visible_: a, intercept_hidden_: b });
    expect(read(sklearn)).toMatchObject({ weights: [0, 2, 1, 3], visibleBias: [100, 101], hiddenBias: [200, 201] });
    expect(read(sklearn, { transpose: false })).toMatchObject({ weights: [0, 1, 2, 3] });
  });

  test('as many visible as hidden units and unknown names: refused, with the options that decide', () => {
    const path = write(kind, { p: numbers([2, 2], 0), q: numbers([2], 100), r: numbers([2], 200) });
    const { code, message, hint } = errorOf(path);
    expect(code).toBe('data');
    expect(message).toMatch(/p \[2 × 2\], q \[(1 × )?2\], r \[(1 × )?2\]/);
    expect(hint).toMatch(/--weights-name.*--visible-bias-name.*--hidden-bias-name.*--transpose/);
    const named = { visibleBias: 'r', hiddenBias: 'q', transpose: true };
    expect(read(path, named)).toMatchObject({ weights: [0, 2, 1, 3], visibleBias: [200, 201], hiddenBias: [100, 101] });
  });

  test.each<[string, Arrays, ArrayNames, RegExp]>([
    ['two matrices with unknown names', { p: weights, q: weights, a: visible, b: hidden }, {}, /2 matrices/],
    ['no matrix', { a: visible, b: hidden }, {}, /0 matrices/],
    ['only one bias', { W: weights, a: visible }, {}, /biases is not clear/],
    ['two candidates for the bias without a name', { W: weights, vbias: visible, r: hidden, s: hidden }, {}, /biases is not clear/],
    ['a named bias that fits neither side', { W: weights, vbias: numbers([4], 0), r: hidden, s: visible }, {}, /biases is not clear/],
    ['more arrays than a message can name', Object.fromEntries(Array.from({ length: 25 }, (_, k) => [`x${k}`, weights])), {}, /25 matrices.* x19 \[3 × 2\] and 5 more$/],
    ['two candidates for a bias', { W: weights, q: visible, r: hidden, s: hidden }, {}, /biases is not clear/],
    ['a name that is not there', { W: weights, a: visible, b: hidden }, { weights: 'V' }, /no array named "V"/],
    ['a name from the prototype', { W: weights, a: visible, b: hidden }, { weights: 'toString' }, /no array named "toString"/],
    ['weights that are a vector', { W: visible, a: visible, b: hidden }, {}, /not a matrix|do not fit/],
    ['weights that do not fit', { W: weights, a: numbers([4], 0), b: hidden }, {}, /do not fit/],
    ['weights that do not fit transposed', { W: weights, a: visible, b: hidden }, { transpose: true }, /do not fit/],
    ['a visible bias that is a matrix', { W: weights, a: numbers([3, 2], 0), b: hidden }, {}, /./],
    ['a hidden bias that is a matrix', { W: weights, a: visible, b: numbers([2, 3], 0) }, {}, /./],
    ['a model without visible units', { W: numbers([0, 2], 0), a: numbers([0], 0), b: hidden }, {}, /./],
    ['values that are not numbers', { W: weights, a: visible, b: { shape: [2], values: Float64Array.of(1, NaN) } }, {}, /finite/],
    ['infinite values', { W: { shape: [3, 2], values: Float64Array.of(1, 2, 3, 4, 5, -Infinity) }, a: visible, b: hidden }, {}, /finite/],
  ])('refused: %s', (_, arrays, names, message) => {
    const path = write(kind, arrays);
    expect(codeOf(() => readModelFile(path, names))).toBe('data');
    const error = errorOf(path, names);
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(`${path}: `)).toBe(true);
    expect(error.hint).toMatch(/--weights-name/);
  });
});

test('float32 and float16 safetensors are accepted', () => {
  const header = {
    W: { dtype: 'F32', shape: [3, 2], data_offsets: [0, 24] },
    a: { dtype: 'F16', shape: [3], data_offsets: [24, 30] },
    b: { dtype: 'F32', shape: [2], data_offsets: [30, 38] },
  };
  const data = Buffer.alloc(38);
  [0.1, 1, -2, 0.5, 3e38, 5].forEach((value, index) => data.writeFloatLE(value, 4 * index));
  [0x3c00, 0xc000, 0x0000].forEach((bits, index) => data.writeUInt16LE(bits, 24 + 2 * index));
  data.writeFloatLE(0.25, 30);
  data.writeFloatLE(-8, 34);
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const path = join(folder, 'small.safetensors');
  writeFileSync(path, Buffer.concat([length, text, data]));
  expect(read(path)).toEqual({
    n: 3, m: 2, weights: [Math.fround(0.1), 1, -2, 0.5, Math.fround(3e38), 5], visibleBias: [1, -2, 0], hiddenBias: [0.25, -8],
  });
});

describe('our own checkpoints', () => {
  test('are read whole', () => {
    const path = join(folder, 'own.safetensors');
    writeFileSync(path, checkpointBytes(sampleCheckpoint()));
    const { parameters, checkpoint } = readModelFile(path, {});
    expect(checkpoint?.progress.update).toBe(12);
    expect(parameters).toEqual(sampleCheckpoint().parameters);
  });

  test('when damaged are refused, never taken for a foreign model', () => {
    const bytes = checkpointBytes(sampleCheckpoint());
    bytes[bytes.length - 1] ^= 1;
    const path = join(folder, 'damaged.safetensors');
    writeFileSync(path, bytes);
    expect(errorOf(path)).toMatchObject({ code: 'data', message: expect.stringMatching(/checksum/) });
  });
});

describe('no model at all', () => {
  test.each([
    ['a file that is not there', join(folder, 'missing.npz'), /there is no such file/],
    ['a folder', folder, /is a folder/],
  ])('%s', (_, path, message) => {
    expect(errorOf(path)).toMatchObject({ code: 'data', message: expect.stringMatching(message) });
  });

  test.each([
    ['an empty file', ''],
    ['a text', 'W,a,b\n1,2,3\n'],
    ['a zip archive cut short', 'PK\u0003\u0004'],
  ])('%s', (name, content) => {
    const path = join(folder, `${name}.bin`);
    writeFileSync(path, content);
    expect(codeOf(() => readModelFile(path, {}))).toBe('data');
  });
});

test('an array that is damaged is not passed over: another one could be taken for it', () => {
  const biases = { a: numbers([3], 100), b: numbers([2], 200) };
  const path = write('npz', { weights, other: numbers([3, 2], 50), ...biases });
  const bytes = readFileSync(path);
  expect(read(path)).toEqual(model);
  // The last byte of the first number but one, the exponent of 2.
  const place = bytes.indexOf(Buffer.from(Float64Array.of(2).buffer));
  bytes[place + 7] ^= 1;
  writeFileSync(path, bytes);
  expect(errorOf(path)).toMatchObject({ code: 'data', message: expect.stringMatching(/entry 'weights.npy' is damaged: its checksum/) });
});

describeWithNumpy('numpy', () => {
  const bin = fileURLToPath(new URL('../../bin/rbm-train.js', import.meta.url));

  test('loads what `rbm-train export` writes, with every bit', () => {
    const { parameters } = sampleCheckpoint();
    writeFileSync(join(folder, 'trained.safetensors'), checkpointBytes(sampleCheckpoint()));
    const exported = spawnSync(process.execPath, [bin, 'export', 'trained.safetensors', '--npz', 'trained.npz'], { cwd: folder, encoding: 'utf8' });
    expect(exported).toMatchObject({ status: 0, stdout: '' });
    const script = `
import numpy as np
with np.load('trained.npz') as f:
    print([(k, f[k].dtype.str, f[k].shape, f[k].flags.c_contiguous, f[k].tobytes().hex()) for k in f.files] == [
${(['weights', 'visibleBias', 'hiddenBias'] as const)
  .map((name) => {
    const values: Float64Array = (parameters satisfies ModelParameters)[name];
    const view = new DataView(new ArrayBuffer(values.byteLength));
    values.forEach((value, index) => view.setFloat64(8 * index, value, true));
    const shape = { weights: '(3, 2)', visibleBias: '(3,)', hiddenBias: '(2,)' }[name];
    return `('${name}', '<f8', ${shape}, True, '${Buffer.from(view.buffer).toString('hex')}'),`;
  })
  .join('\n')}])`;
    expect(runPython(script, folder)).toBe('True\n');
    expect(readModelFile(join(folder, 'trained.npz'), {}).parameters).toEqual(parameters);
  });

  test('writes a model as scikit-learn stores it, in float32 and Fortran order; we read it', () => {
    const script = `
import numpy as np
W = np.arange(6, dtype='<f4').reshape(3, 2)
np.savez('sklearn.npz', components_=np.asfortranarray(W.T), intercept_visible_=np.arange(100, 103, dtype='<f4'),
         intercept_hidden_=np.arange(200, 202, dtype='<f4'), note=np.array('made by a test'))`;
    runPython(script, folder);
    expect(read(join(folder, 'sklearn.npz'))).toEqual(model);
    expect(readFileSync(join(folder, 'sklearn.npz')).length).toBeGreaterThan(0);
  });
});
