/**
 * The few calls of rbm-train's library that benchmarks make, in one place: when the library changes, this file does.
 */

import { readFileSync, writeFileSync } from 'node:fs';

import { exactLogPartitionFunction } from '../../dist/estimators/exact-log-partition-function.js';
import { backends, loadKernels } from '../../dist/kernels/index.js';

/** Whether there is a backend of this name. */
export function hasBackend(name) {
  return backends.some((backend) => backend.name === name);
}

/**
 * @param {string} backend
 * @param {number | undefined} threads the library's own choice where undefined
 */
export async function openKernels(backend, threads) {
  return await loadKernels(backend, threads === undefined ? {} : { threads });
}

/** Ends the threads of kernels that have some. */
export async function closeKernels(kernels) {
  await kernels.close?.();
}

/** log Z in nats. */
export async function exactLogZ(kernels, parameters) {
  return await exactLogPartitionFunction(kernels, parameters);
}

/** A parameters file: float64 little-endian W (n × m), a (n), b (m), as all contenders read it. */
export function readParameters(path, visibleUnits, hiddenUnits) {
  const bytes = readFileSync(path);
  const values = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const weightCount = visibleUnits * hiddenUnits;
  return {
    visibleUnits,
    hiddenUnits,
    weights: values.slice(0, weightCount),
    visibleBias: values.slice(weightCount, weightCount + visibleUnits),
    hiddenBias: values.slice(weightCount + visibleUnits),
  };
}

/** Writes what `readParameters` reads. */
export function writeParameters(path, { weights, visibleBias, hiddenBias }) {
  writeFileSync(path, Buffer.concat([weights, visibleBias, hiddenBias].map((values) => new Uint8Array(Float64Array.from(values).buffer))));
}
