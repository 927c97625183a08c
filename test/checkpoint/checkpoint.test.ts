import { createHash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { decodeCheckpoint, decodeCheckpointHeader, isCheckpoint, type Checkpoint, type CheckpointIdentity, type UnitsIdentity } from '../../src/checkpoint/checkpoint.js';
import { parametersDigest } from '../../src/checkpoint/digest.js';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.js';
import { backends, loadKernels, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { createModel, setParameters } from '../../src/model/parameters.js';
import { codeOf, readableTruncations, sameBits } from '../formats/damage.js';
import { checkpointBytes, checkpointPieces, sampleCheckpoint, sampleParameters, type CheckpointWithVelocity } from './sample.js';

function haveSameBits(a: ModelParameters | undefined, b: ModelParameters): boolean {
  return (
    a !== undefined &&
    a.visibleUnits === b.visibleUnits &&
    a.hiddenUnits === b.hiddenUnits &&
    sameBits(a.weights, b.weights) &&
    sameBits(a.visibleBias, b.visibleBias) &&
    sameBits(a.hiddenBias, b.hiddenBias)
  );
}

/** The checkpoint's file with other tensors or metadata, and a checksum that is right again. */
function forged(change: (file: { tensors: Map<string, { shape: readonly number[]; values: Float64Array | Uint8Array }>; metadata: Record<string, string> }) => void): Uint8Array {
  const { tensors, metadata } = readSafetensors(checkpointBytes(sampleCheckpoint()), 'x');
  const file = { tensors: new Map(tensors), metadata: { ...metadata } };
  change(file);
  file.metadata.checksum = '0'.repeat(64);
  const bytes = writeSafetensors(file.tensors, file.metadata);
  const position = Buffer.from(bytes).indexOf('"checksum":"') + '"checksum":"'.length;
  bytes.set(Buffer.from(createHash('sha256').update(bytes).digest('hex')), position);
  return bytes;
}

/** Forges what the identity says. */
function changeIdentity(change: (identity: Record<string, unknown>) => Record<string, unknown>): Parameters<typeof forged>[0] {
  return ({ metadata }) => void (metadata.identity = JSON.stringify(change(JSON.parse(metadata.identity) as Record<string, unknown>)));
}

/** Forges the bytes of the metrics. */
function changeMetrics(bytes: readonly number[]): Parameters<typeof forged>[0] {
  return ({ tensors }) => void tensors.set('metrics', { shape: [bytes.length], values: Uint8Array.from(bytes) });
}

describe('round trip', () => {
  test('gives back everything, bit for bit', () => {
    const checkpoint = sampleCheckpoint();
    const read = decodeCheckpoint(checkpointBytes(checkpoint), 'x');
    expect(haveSameBits(read.parameters, checkpoint.parameters)).toBe(true);
    expect(haveSameBits(read.velocity, checkpoint.velocity)).toBe(true);
    expect([...read.state.keys()].toSorted()).toEqual(['chains', 'fast']);
    for (const [name, { shape, values }] of checkpoint.state) {
      expect(read.state.get(name)?.shape).toEqual(shape);
      expect(sameBits(read.state.get(name)?.values ?? new Uint8Array(), values)).toBe(true);
    }
    expect(read.metrics).toEqual(checkpoint.metrics);
    expect(read.progress).toEqual(checkpoint.progress);
    expect(read.identity).toEqual(checkpoint.identity);
  });

  test('a model of one unit on each side, no state, no best', () => {
    const { identity } = sampleCheckpoint();
    const parameters = sampleParameters(1, 1);
    const checkpoint: Checkpoint = {
      parameters,
      velocity: sampleParameters(1, 1),
      state: new Map(),
      metrics: [],
      progress: { update: 0, evaluated: true },
      identity: { ...identity, shape: undefined },
    };
    const read = decodeCheckpoint(checkpointBytes(checkpoint), 'x');
    expect(haveSameBits(read.parameters, parameters)).toBe(true);
    expect(read.state.size).toBe(0);
    expect(read.progress).toEqual({ update: 0, evaluated: true });
    expect(read.metrics).toEqual([]);
  });

  test('without momentum it has no velocity, and is read back without one', () => {
    const { velocity: _, ...checkpoint } = sampleCheckpoint();
    const bytes = checkpointBytes(checkpoint);
    expect([...readSafetensors(bytes, 'x').tensors.keys()].toSorted()).toEqual(['hiddenBias', 'metrics', 'state.chains', 'state.fast', 'visibleBias', 'weights']);
    // Named, but undefined, as a trainer has it.
    expect(Buffer.compare(checkpointBytes({ ...checkpoint, velocity: undefined }), bytes)).toBe(0);
    const read = decodeCheckpoint(bytes, 'x');
    expect(read.velocity).toBeUndefined();
    expect(haveSameBits(read.parameters, checkpoint.parameters)).toBe(true);
    expect([...read.state.keys()].toSorted()).toEqual(['chains', 'fast']);
    expect(read).toMatchObject({ metrics: checkpoint.metrics, progress: checkpoint.progress, identity: checkpoint.identity });
  });

  test('what tracks log Z is given back, and left out where there is none', () => {
    const tracking = new Map([
      ['logWeights', { shape: [2], values: Float64Array.of(-0.5, 3) }],
      ['visibleChains', { shape: [2, 3], values: Uint8Array.of(0, 1, 1, 0, 0, 1) }],
    ]);
    const read = decodeCheckpoint(checkpointBytes({ ...sampleCheckpoint(), tracking }), 'x');
    expect([...read.tracking!.keys()].toSorted()).toEqual(['logWeights', 'visibleChains']);
    for (const [name, { shape, values }] of tracking) {
      expect(read.tracking!.get(name)?.shape).toEqual(shape);
      expect(sameBits(read.tracking!.get(name)!.values, values)).toBe(true);
    }
    expect([...read.state.keys()].toSorted()).toEqual(['chains', 'fast']);
    expect(decodeCheckpoint(checkpointBytes(sampleCheckpoint()), 'x').tracking).toBeUndefined();
  });

  test('equal progress gives equal bytes; each part of it changes them', () => {
    const bytes = checkpointBytes(sampleCheckpoint());
    expect(Buffer.compare(checkpointBytes(sampleCheckpoint()), bytes)).toBe(0);
    const original = sampleCheckpoint();
    const others: Checkpoint[] = [
      { ...original, progress: { ...original.progress, update: 13 } },
      { ...original, progress: { ...original.progress, evaluated: true } },
      { ...original, identity: { ...original.identity, configHash: 'ef'.repeat(32) } },
      { ...original, parameters: sampleParameters(3, 2, 1) },
      { ...original, velocity: sampleParameters(3, 2, 1) },
      { ...original, velocity: undefined },
      { ...original, state: new Map() },
    ];
    for (const other of others) expect(Buffer.compare(checkpointBytes(other), bytes)).not.toBe(0);
  });

  test('weights and biases stand in the file under their own names, readable by any safetensors tool', () => {
    const { tensors, metadata } = readSafetensors(checkpointBytes(sampleCheckpoint()), 'x');
    expect(isCheckpoint(metadata)).toBe(true);
    expect(tensors.get('weights')?.shape).toEqual([3, 2]);
    expect(tensors.get('visibleBias')?.shape).toEqual([3]);
    expect(tensors.get('hiddenBias')?.shape).toEqual([2]);
  });

  test('holds no trace of host, time or place', () => {
    const text = Buffer.from(checkpointBytes(sampleCheckpoint())).toString('latin1');
    expect(text).not.toContain(process.cwd());
    expect(text).not.toContain(String(process.pid));
    expect(text).not.toMatch(/20\d\d-\d\d-\d\d/);
  });
});

/** A checkpoint of an n × m model; no two of its weights and momenta are equal. */
function largeCheckpoint(n: number, m: number): CheckpointWithVelocity {
  const checkpoint = sampleCheckpoint();
  return { ...checkpoint, identity: { ...checkpoint.identity, shape: [1, n] }, parameters: sampleParameters(n, m), velocity: sampleParameters(n, m, n * m + 1000) };
}

/** SHA-256 (hex) of the numbers as little-endian float64. */
function sha256OfNumbers(...tensors: readonly Float64Array[]): string {
  const hash = createHash('sha256');
  for (const values of tensors) {
    const view = new DataView(new ArrayBuffer(values.byteLength));
    values.forEach((value, index) => view.setFloat64(8 * index, value, true));
    hash.update(view);
  }
  return hash.digest('hex');
}

/** SHA-256 (hex) of a checkpoint's file with the checksum's own digits as zeros. */
function checksumOf(bytes: Uint8Array): string {
  const position = Buffer.from(bytes).indexOf('"checksum":"') + '"checksum":"'.length;
  return createHash('sha256').update(new Uint8Array(bytes).fill(0x30, position, position + 64)).digest('hex');
}

describe.each(backends)('a model in the memory of the kernels: backend $name', ({ name }) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(name);
  });
  afterAll(() => kernels.close());

  /** The same checkpoint, with parameters and velocity in the kernels' memory. */
  function inKernels(checkpoint: CheckpointWithVelocity): Parameters<typeof checkpointPieces>[0] {
    return { ...checkpoint, parameters: createModel(kernels, checkpoint.parameters), velocity: createModel(kernels, checkpoint.velocity) };
  }

  // A piece is at most 131,072 weights, or one row: several pieces, the last one shorter; rows longer than a piece;
  // exactly one piece; one row more; less than one.
  describe.each([
    [700, 300],
    [2, 140_000],
    [1024, 128],
    [1025, 128],
    [3, 2],
  ])('%i × %i', (n, m) => {
    const checkpoint = largeCheckpoint(n, m);
    const { weights, visibleBias, hiddenBias } = checkpoint.parameters;

    test('its file has the bytes that plain arrays give', () => {
      expect(Buffer.compare(checkpointBytes(inKernels(checkpoint)), checkpointBytes(checkpoint))).toBe(0);
      const plain = { ...checkpoint, velocity: undefined };
      expect(Buffer.compare(checkpointBytes({ ...plain, parameters: createModel(kernels, plain.parameters) }), checkpointBytes(plain))).toBe(0);
    });

    test('is never copied as a whole: no piece is larger than 1 MiB or a row', () => {
      const { lengths } = checkpointPieces(inKernels(checkpoint));
      expect(Math.max(...lengths)).toBeLessThanOrEqual(Math.max(2 ** 20, 8 * m));
      const rowsOfPiece = Math.max(1, Math.floor(131_072 / m));
      // The header, twice the pieces of W and the two biases, two tensors of state, the metrics.
      expect(lengths).toHaveLength(1 + 2 * (Math.ceil(n / rowsOfPiece) + 2) + 2 + 1);
    });

    test('checksum and digest cover all of its pieces', () => {
      const bytes = checkpointBytes(inKernels(checkpoint));
      const { metadata } = readSafetensors(bytes, 'x');
      expect(metadata.checksum).toBe(checksumOf(bytes));
      const digest = sha256OfNumbers(weights, visibleBias, hiddenBias);
      expect(metadata.digest).toBe(digest);
      expect(parametersDigest(createModel(kernels, checkpoint.parameters))).toBe(digest);
      // Of the parameters only: the velocity is another one.
      const velocity = createModel(kernels, checkpoint.velocity);
      expect(parametersDigest(velocity)).toBe(
        sha256OfNumbers(checkpoint.velocity.weights, checkpoint.velocity.visibleBias, checkpoint.velocity.hiddenBias),
      );
      expect(parametersDigest(velocity)).not.toBe(digest);
    });

    test('one bit of the first, a middle and the last weight changes the digest', () => {
      const digest = parametersDigest(checkpoint.parameters);
      const model = createModel(kernels, checkpoint.parameters);
      for (const index of new Set([0, Math.floor(weights.length / 2), weights.length - 1])) {
        const changed = { ...checkpoint.parameters, weights: weights.slice() };
        new Uint8Array(changed.weights.buffer)[8 * index] ^= 1;
        setParameters(model, changed);
        expect(parametersDigest(model)).not.toBe(digest);
        expect(parametersDigest(model)).toBe(parametersDigest(changed));
      }
    });

    test('is read back bit for bit, and refused with a bit flipped in any of its pieces', () => {
      const { bytes, lengths } = checkpointPieces(inKernels(checkpoint));
      const read = decodeCheckpoint(bytes, 'x');
      expect(haveSameBits(read.parameters, checkpoint.parameters)).toBe(true);
      expect(haveSameBits(read.velocity, checkpoint.velocity)).toBe(true);
      let start = 0;
      const codes = lengths.map((length) => {
        const position = start + Math.floor(length / 2);
        start += length;
        bytes[position] ^= 4;
        const code = codeOf(() => decodeCheckpoint(bytes, 'x'));
        bytes[position] ^= 4;
        return code;
      });
      expect(codes).toEqual(codes.map(() => 'data'));
      expect(codeOf(() => decodeCheckpoint(bytes, 'x'))).toBeUndefined();
    });
  });
});

describe('the header alone', () => {
  const bytes = checkpointBytes(sampleCheckpoint());
  const end = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const start = bytes.subarray(0, end);
  const rest = [bytes.subarray(end, end + 5), bytes.subarray(end + 5)];

  test('says what the whole file says', () => {
    const { progress, identity } = decodeCheckpoint(bytes, 'x');
    expect(decodeCheckpointHeader(start, rest)).toEqual({ progress, identity });
  });

  test('cut short anywhere, or with a bit flipped behind it, it is none', () => {
    for (let cut = 0; cut < start.length; cut++) expect(decodeCheckpointHeader(start.subarray(0, cut), rest)).toBeUndefined();
    expect(decodeCheckpointHeader(start, [rest[0]])).toBeUndefined();
    expect(decodeCheckpointHeader(start, [rest[0], rest[1].with(7, rest[1][7] ^ 4)])).toBeUndefined();
  });

  test.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no metadata', '{}'],
    ['metadata null', '{"__metadata__":null}'],
    ['metadata that is a text', '{"__metadata__":"x"}'],
    ['numbers for texts', '{"__metadata__":{"progress":1,"identity":2}}'],
    ['another tool’s metadata', '{"__metadata__":{"format":"pt"}}'],
    ['nonsense', '{"__metadata__":{"progress":"{}","identity":"{}"}}'],
    ['deep nesting', '['.repeat(100_000)],
  ])('%s is none', (_, text) => {
    expect(decodeCheckpointHeader(Buffer.from(`12345678${text}`), [])).toBeUndefined();
  });

  test('arbitrary JSON and arbitrary bytes are none, and do no harm', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json().map((text) => Buffer.from(text)), fc.uint8Array({ maxLength: 60 })), (content) => {
        expect(decodeCheckpointHeader(content, [])).toBeUndefined();
      }),
    );
  });
});

describe('damage', () => {
  const bytes = checkpointBytes(sampleCheckpoint());

  test('no flipped bit, anywhere in the file, goes unnoticed', () => {
    const unnoticed: number[] = [];
    const damaged = new Uint8Array(bytes);
    for (let position = 0; position < bytes.length; position++) {
      for (let bit = 0; bit < 8; bit++) {
        damaged[position] ^= 1 << bit;
        let code: string | undefined = 'none';
        try {
          decodeCheckpoint(damaged, 'x');
        } catch (error) {
          const { name, code: found } = error as { name: string; code: string };
          code = name === 'RbmError' ? found : name;
        }
        if (code !== 'data') unnoticed.push(8 * position + bit);
        damaged[position] ^= 1 << bit;
      }
    }
    expect(unnoticed).toEqual([]);
    expect(Buffer.compare(damaged, bytes)).toBe(0);
  });

  test('cut short anywhere, or with bytes appended, it is refused', () => {
    expect(readableTruncations(bytes, (cut) => decodeCheckpoint(cut, 'x'))).toEqual([]);
    expect(codeOf(() => decodeCheckpoint(Uint8Array.from([...bytes, 0]), 'x'))).toBe('data');
  });

  test('the checksum is SHA-256 of the file with the checksum itself as zeros', () => {
    expect(readSafetensors(bytes, 'x').metadata.checksum).toBe(checksumOf(bytes));
  });

  test('says which file, that it is damaged, and what to do', () => {
    const damaged = new Uint8Array(bytes);
    damaged[bytes.length - 1] ^= 1;
    let error: { message?: string; hint?: string } = {};
    try {
      decodeCheckpoint(damaged, 'run/update-7.safetensors');
    } catch (caught) {
      error = caught as { message: string; hint: string };
    }
    expect(error.message).toMatch(/^run\/update-7\.safetensors: .*checksum/);
    expect(error.hint).toMatch(/earlier checkpoint/);
  });
});

describe('files that are no checkpoint, or contradict themselves', () => {
  test('the forgery itself is sound', () => {
    expect(decodeCheckpoint(forged(() => undefined), 'x').progress.update).toBe(12);
  });

  test.each<[string, Parameters<typeof forged>[0], RegExp]>([
    ['another tool’s file', ({ metadata }) => void (metadata.format = 'pt'), /not a checkpoint/],
    ['a newer format', ({ metadata }) => void (metadata.formatVersion = '3'), /format 3.*reads formats 1 and 2/],
    ['no format version', ({ metadata }) => void delete metadata.formatVersion, /format none/],
    ['no weights', ({ tensors }) => void tensors.delete('weights'), /weights/],
    ['momentum without that of a bias', ({ tensors }) => void tensors.delete('velocity.hiddenBias'), /velocity\.hiddenBias/],
    ['momentum of a bias only', ({ tensors }) => {
      tensors.delete('velocity.weights');
      tensors.delete('velocity.visibleBias');
    }, /velocity\.weights/],
    ['momentum under unknown names only', ({ tensors }) => {
      for (const name of ['weights', 'visibleBias', 'hiddenBias']) {
        tensors.set(`velocity.other.${name}`, tensors.get(`velocity.${name}`) ?? { shape: [0], values: new Float64Array(0) });
        tensors.delete(`velocity.${name}`);
      }
    }, /velocity\.other\.weights/],
    ['weights of bytes', ({ tensors }) => void tensors.set('weights', { shape: [3, 2], values: new Uint8Array(6) }), /weights/],
    ['weights of three dimensions', ({ tensors }) => void tensors.set('weights', { shape: [3, 2, 1], values: new Float64Array(6) }), /weights/],
    ['a bias that does not fit', ({ tensors }) => void tensors.set('hiddenBias', { shape: [3], values: new Float64Array(3) }), /shapes/],
    ['a model of no units', ({ tensors }) => {
      tensors.set('weights', { shape: [0, 2], values: new Float64Array(0) });
      tensors.set('visibleBias', { shape: [0], values: new Float64Array(0) });
    }, /shapes/],
    ['parameters that are not numbers', ({ tensors }) => void tensors.set('hiddenBias', { shape: [2], values: Float64Array.of(1, NaN) }), /finite/],
    ['progress that is no JSON', ({ metadata }) => void (metadata.progress = '{'), /JSON/],
    ['no identity', ({ metadata }) => void delete metadata.identity, /JSON|identity/],
  ])('%s', (_, change, message) => {
    expect(() => decodeCheckpoint(forged(change), 'bad')).toThrow(message);
    expect(codeOf(() => decodeCheckpoint(forged(change), 'bad'))).toBe('data');
  });

  // A checksum protects against accidents, not against people: what it covers must still be looked at.
  test.each<[string, Parameters<typeof forged>[0]]>([
    ['momentum of another shape', ({ tensors }) => {
      tensors.set('velocity.weights', { shape: [4, 2], values: new Float64Array(8) });
      tensors.set('velocity.visibleBias', { shape: [4], values: new Float64Array(4) });
    }],
    ['momentum that is not a number', ({ tensors }) => void tensors.set('velocity.hiddenBias', { shape: [2], values: Float64Array.of(1, NaN) })],
    ['progress null', ({ metadata }) => void (metadata.progress = 'null')],
    ['progress without an update', ({ metadata }) => void (metadata.progress = '{"metricsLines":0,"evaluated":false}')],
    ['half an update', ({ metadata }) => void (metadata.progress = '{"update":0.5,"metricsLines":0,"evaluated":false}')],
    ['a negative update', ({ metadata }) => void (metadata.progress = '{"update":-1,"metricsLines":0,"evaluated":false}')],
    ['identity null', ({ metadata }) => void (metadata.identity = 'null')],
    ['identity that is a text', ({ metadata }) => void (metadata.identity = '"x"')],
    ['identity without a config', changeIdentity((identity) => ({ ...identity, config: undefined }))],
    ['a config nested deeper than can be written', changeIdentity((identity) => ({ ...identity, config: Array(40).fill(0).reduce((inner) => [inner], 0) }))],
    ['pictures of no pixels', changeIdentity((identity) => ({ ...identity, shape: [-1, -3] }))],
    ['pictures of other units', changeIdentity((identity) => ({ ...identity, shape: [1e9, 2] }))],
    ['a best figure of a later update', ({ metadata }) => void (metadata.progress = '{"update":3,"evaluated":false,"best":{"update":4,"value":1,"criterion":"x"}}')],
    ['a best figure beyond float64', ({ metadata }) => void (metadata.progress = '{"update":3,"evaluated":false,"best":{"update":2,"value":1e999,"criterion":"x"}}')],
    ['metrics that are no UTF-8', changeMetrics([0x7b, 0xff, 0x7d, 0x0a])],
    ['metrics that are no JSON', changeMetrics([...Buffer.from('\u001b[2J\n')])],
    ['metrics whose last line is cut short', changeMetrics([...Buffer.from('{}\n{"event":1}')])],
    ['metrics that are numbers', ({ tensors }) => void tensors.set('metrics', { shape: [1], values: Float64Array.of(123) })],
  ])('%s, with a right checksum', (_, change) => {
    expect(codeOf(() => decodeCheckpoint(forged(change), 'bad'))).toBe('data');
  });
});

describe('units', () => {
  const { identity } = sampleCheckpoint();
  const withUnits = (units: UnitsIdentity, others: Partial<CheckpointIdentity> = {}, visibleLogVariance?: Float64Array): Checkpoint => ({
    ...sampleCheckpoint(),
    parameters: { ...sampleParameters(3, 2), ...(visibleLogVariance && { visibleLogVariance }) },
    identity: { ...identity, units, ...others },
  });
  const gaussian = { visible: 'gaussian', hidden: 'binary', variance: 'learned' } as const;

  test('are read back with the standard layer behind them, variances, standardization and categories', () => {
    const standardization = { means: [1, -2, 0.1], deviations: [1, 2, 3] };
    const variances = Float64Array.of(0.5, -0, 5e-324);
    const read = decodeCheckpoint(checkpointBytes(withUnits(gaussian, { standardization }, variances)), 'x');
    expect(read.parameters).toMatchObject({ units: gaussian, visibleLayer: { kind: 'gaussian' } });
    expect(sameBits(read.parameters.visibleLogVariance ?? new Float64Array(), variances)).toBe(true);
    expect(read.identity.standardization).toEqual(standardization);
    const categories = [{ column: 'colour', values: ['blue', 'red'] }, { column: 2, values: ['0'] }];
    const words = decodeCheckpoint(checkpointBytes(withUnits({ visible: 'categorical', hidden: 'ising', groups: [0, 2, 3] }, { categories })), 'x');
    expect(words.parameters).toMatchObject({ units: { visible: 'categorical', hidden: 'ising' }, visibleLayer: { kind: 'categorical', groups: Uint32Array.of(0, 2, 3) } });
    expect(words.identity.categories).toEqual(categories);
  });

  test('variances are a fourth tensor of the digest; without them it is that of the three', () => {
    const parameters = sampleParameters(3, 2);
    const withVariances = { ...parameters, visibleLogVariance: Float64Array.of(1, 2, 3) };
    const hash = createHash('sha256');
    for (const tensor of [parameters.weights, parameters.visibleBias, parameters.hiddenBias]) hash.update(new Uint8Array(tensor.buffer));
    expect(parametersDigest(parameters)).toBe(hash.copy().digest('hex'));
    expect(parametersDigest(withVariances)).toBe(hash.update(new Uint8Array(withVariances.visibleLogVariance.buffer)).digest('hex'));
  });

  test.each<[string, UnitsIdentity, Partial<CheckpointIdentity>, Float64Array?]>([
    ['unknown units', { visible: 'poisson', hidden: 'binary' } as unknown as UnitsIdentity, {}],
    ['Gaussian hidden units', { visible: 'binary', hidden: 'gaussian' }, {}],
    ['a variance of ±1 units', { visible: 'ising', hidden: 'ising', variance: 'learned' }, {}],
    ['variances of ±1 units', { visible: 'ising', hidden: 'ising' }, {}, Float64Array.of(0, 0, 0)],
    ['too few variances', gaussian, {}, Float64Array.of(0, 0)],
    ['variances that are no numbers', gaussian, {}, Float64Array.of(0, NaN, 0)],
    ['categorical units without groups', { visible: 'categorical', hidden: 'binary' }, {}],
    ['groups of other units', { visible: 'categorical', hidden: 'binary', groups: [0, 2] }, {}],
    ['groups that do not ascend', { visible: 'categorical', hidden: 'binary', groups: [0, 2, 2, 3] }, {}],
    ['a standardization of other columns', gaussian, { standardization: { means: [0], deviations: [1] } }],
    ['deviations of 0', gaussian, { standardization: { means: [0, 0, 0], deviations: [1, 0, 1] } }],
    ['categories of other units', { visible: 'categorical', hidden: 'binary', groups: [0, 3] }, { categories: [{ column: 1, values: ['a'] }] }],
  ])('refuses %s', (...row) => {
    // Not four parameters: a shorter row would get jest's own callback as the last one.
    const [, units, others, variances] = row;
    expect(codeOf(() => decodeCheckpoint(checkpointBytes(withUnits(units, others, variances)), 'x'))).toBe('data');
  });
});
