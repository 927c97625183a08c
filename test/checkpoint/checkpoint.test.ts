import { createHash } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { decodeCheckpoint, encodeCheckpoint, isCheckpoint, type Checkpoint } from '../../src/checkpoint/checkpoint.js';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.js';
import type { ModelParameters } from '../../src/kernels/index.js';
import { codeOf, readableTruncations, sameBits } from '../formats/damage.js';
import { sampleCheckpoint, sampleParameters } from './sample.js';

function haveSameBits(a: ModelParameters, b: ModelParameters): boolean {
  return (
    a.visibleUnits === b.visibleUnits &&
    a.hiddenUnits === b.hiddenUnits &&
    sameBits(a.weights, b.weights) &&
    sameBits(a.visibleBias, b.visibleBias) &&
    sameBits(a.hiddenBias, b.hiddenBias)
  );
}

/** The checkpoint's file with other tensors or metadata, and a checksum that is right again. */
function forged(change: (file: { tensors: Map<string, { shape: readonly number[]; values: Float64Array | Uint8Array }>; metadata: Record<string, string> }) => void): Uint8Array {
  const { tensors, metadata } = readSafetensors(encodeCheckpoint(sampleCheckpoint()), 'x');
  const file = { tensors: new Map(tensors), metadata: { ...metadata } };
  change(file);
  file.metadata.checksum = '0'.repeat(64);
  const bytes = writeSafetensors(file.tensors, file.metadata);
  const position = Buffer.from(bytes).indexOf('"checksum":"') + '"checksum":"'.length;
  bytes.set(Buffer.from(createHash('sha256').update(bytes).digest('hex')), position);
  return bytes;
}

describe('round trip', () => {
  test('gives back everything, bit for bit', () => {
    const checkpoint = sampleCheckpoint();
    const read = decodeCheckpoint(encodeCheckpoint(checkpoint), 'x');
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
      identity,
    };
    const read = decodeCheckpoint(encodeCheckpoint(checkpoint), 'x');
    expect(haveSameBits(read.parameters, parameters)).toBe(true);
    expect(read.state.size).toBe(0);
    expect(read.progress).toEqual({ update: 0, evaluated: true });
    expect(read.metrics).toEqual([]);
  });

  test('equal progress gives equal bytes; each part of it changes them', () => {
    const bytes = encodeCheckpoint(sampleCheckpoint());
    expect(Buffer.compare(encodeCheckpoint(sampleCheckpoint()), bytes)).toBe(0);
    const original = sampleCheckpoint();
    const others: Checkpoint[] = [
      { ...original, progress: { ...original.progress, update: 13 } },
      { ...original, progress: { ...original.progress, evaluated: true } },
      { ...original, identity: { ...original.identity, configHash: 'ef'.repeat(32) } },
      { ...original, parameters: sampleParameters(3, 2, 1) },
      { ...original, velocity: sampleParameters(3, 2, 1) },
      { ...original, state: new Map() },
    ];
    for (const other of others) expect(Buffer.compare(encodeCheckpoint(other), bytes)).not.toBe(0);
  });

  test('weights and biases stand in the file under their own names, readable by any safetensors tool', () => {
    const { tensors, metadata } = readSafetensors(encodeCheckpoint(sampleCheckpoint()), 'x');
    expect(isCheckpoint(metadata)).toBe(true);
    expect(tensors.get('weights')?.shape).toEqual([3, 2]);
    expect(tensors.get('visibleBias')?.shape).toEqual([3]);
    expect(tensors.get('hiddenBias')?.shape).toEqual([2]);
  });

  test('holds no trace of host, time or place', () => {
    const text = Buffer.from(encodeCheckpoint(sampleCheckpoint())).toString('latin1');
    expect(text).not.toContain(process.cwd());
    expect(text).not.toContain(String(process.pid));
    expect(text).not.toMatch(/20\d\d-\d\d-\d\d/);
  });
});

describe('damage', () => {
  const bytes = encodeCheckpoint(sampleCheckpoint());

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
    const { checksum } = readSafetensors(bytes, 'x').metadata;
    const position = Buffer.from(bytes).indexOf(checksum);
    const blank = new Uint8Array(bytes).fill(0x30, position, position + 64);
    expect(createHash('sha256').update(blank).digest('hex')).toBe(checksum);
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
    ['a newer format', ({ metadata }) => void (metadata.formatVersion = '2'), /format 2.*reads format 1/],
    ['no format version', ({ metadata }) => void delete metadata.formatVersion, /format none/],
    ['no weights', ({ tensors }) => void tensors.delete('weights'), /weights/],
    ['no momentum', ({ tensors }) => void tensors.delete('velocity.hiddenBias'), /velocity\.hiddenBias/],
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
  ])('%s, with a right checksum', (_, change) => {
    expect(codeOf(() => decodeCheckpoint(forged(change), 'bad'))).toBe('data');
  });
});
