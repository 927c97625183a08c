/** A small checkpoint with every kind of content, and a folder to write it to. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll } from '@jest/globals';

import { encodeCheckpoint, type Checkpoint } from '../../src/checkpoint/checkpoint.js';
import type { Model, ModelParameters } from '../../src/kernels/index.js';

/** Parameters of shape n × m with values that differ from each other, −0 and a subnormal among them. */
export function sampleParameters(visibleUnits: number, hiddenUnits: number, offset = 0): ModelParameters {
  const numbers = (count: number, first: number): Float64Array => Float64Array.from({ length: count }, (_, k) => (first + k) / 7 - 1);
  const weights = numbers(visibleUnits * hiddenUnits, offset);
  weights[0] = -0;
  const hiddenBias = numbers(hiddenUnits, offset + 200);
  hiddenBias[0] = 5e-324;
  return { visibleUnits, hiddenUnits, weights, visibleBias: numbers(visibleUnits, offset + 100), hiddenBias };
}

/** A checkpoint of a training with momentum. */
export type CheckpointWithVelocity = Checkpoint & { readonly velocity: ModelParameters };

/** A checkpoint of a 3 × 2 model after `update` updates. */
export function sampleCheckpoint(update = 12): CheckpointWithVelocity {
  return {
    parameters: sampleParameters(3, 2, update),
    velocity: sampleParameters(3, 2, 50),
    state: new Map([
      ['chains', { shape: [2, 3], values: Uint8Array.of(1, 0, 1, 0, 0, 1) }],
      ['fast', { shape: [2], values: Float64Array.of(0.1, -3) }],
    ]),
    metrics: ['{"event":"evaluation","update":0}', '{"event":"evaluation","update":7,"note":"ü"}'],
    progress: { update, evaluated: false, best: { update: Math.min(update, 7), value: -3.5, criterion: 'meanLogLikelihood' } },
    identity: {
      version: '1.2.3',
      numericsVersion: 1,
      configHash: 'ab'.repeat(32),
      dataFingerprint: 'cd'.repeat(32),
      config: { seed: 'a "seed" with "checksum":"quotes"', training: { algorithm: 'sml', k: 1 } },
      shape: [1, 3],
    },
  };
}

/** The bytes of a checkpoint's file, and those of its pieces; each piece is copied before the next one is asked for. */
export function checkpointPieces(checkpoint: Checkpoint<Model | ModelParameters>): { bytes: Uint8Array<ArrayBuffer>; lengths: number[] } {
  const pieces: Uint8Array[] = [];
  for (const piece of encodeCheckpoint(checkpoint)) pieces.push(Uint8Array.from(piece));
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const piece of pieces) {
    bytes.set(piece, position);
    position += piece.length;
  }
  return { bytes, lengths: pieces.map(({ length }) => length) };
}

/** The bytes of a checkpoint's file. */
export function checkpointBytes(checkpoint: Checkpoint<Model | ModelParameters>): Uint8Array<ArrayBuffer> {
  return checkpointPieces(checkpoint).bytes;
}

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rbm-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
