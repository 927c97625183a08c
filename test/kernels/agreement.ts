/**
 * A backend against the reference, bit for bit, on random work: what tests of kernels share.
 */

import { expect } from '@jest/globals';
import * as fc from 'fast-check';

import { loadKernels, type Kernels, type Model } from '../../src/kernels/index.js';
import { getParameters, parameterTensors } from '../../src/model/parameters.js';
import { Workspace } from './cases.js';
import { firstDifference } from './support.js';

/** Arrays that kernels have written, in an order that is always the same. */
export type Results = readonly (Float64Array | Uint8Array | Uint32Array)[];

/** Asks kernels for work on what it makes in the workspace; what it returns reads the results when all is finished. */
export type Work<Case> = (workspace: Workspace, kernels: Kernels, chosen: Case) => (() => Results) | Promise<() => Results>;

/** What an arbitrary makes. */
export type Made<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Value> ? Value : never;

/** The results of some work, as copies: released memory is used again. */
export async function resultsOf<Case>(kernels: Kernels, work: Work<Case>, chosen: Case): Promise<Results> {
  const workspace = new Workspace(kernels);
  const read = await work(workspace, kernels, chosen);
  await kernels.finish();
  const results = read().map((result) => result.slice());
  workspace.release();
  return results;
}

/** The tensors of a model, or of a velocity: none where there is no momentum. */
export function tensorsOf(model: Model | undefined): Float64Array[] {
  return model === undefined ? [] : parameterTensors(getParameters(model)).map(({ values }) => values);
}

/** Does the same work with both backends, for `numRuns` random cases; the promise is rejected where bits differ. */
export function sameBits<Case>(kernels: Kernels, reference: Kernels, numRuns: number, cases: fc.Arbitrary<Case>, work: Work<Case>): Promise<void> {
  const property = fc.asyncProperty(cases, async (chosen) => {
    const expected = await resultsOf(reference, work, chosen);
    const actual = await resultsOf(kernels, work, chosen);
    expect(actual.map((result, index) => firstDifference(result, expected[index]))).toEqual(expected.map(() => undefined));
  });
  return fc.assert(property, { numRuns, includeErrorInReport: true });
}

/** Kernels as built (`npm run build`): threads start from JavaScript files. */
export async function loadBuiltKernels(name: string, threads: number): Promise<Kernels> {
  const built = (await import(new URL('../../dist/kernels/index.js', import.meta.url).href)) as { loadKernels: typeof loadKernels };
  return built.loadKernels(name, { threads });
}

/** The WebAssembly kernels of so many threads. */
export function loadWasm(threads: number): Promise<Kernels> {
  return threads === 1 ? loadKernels('wasm') : loadBuiltKernels('wasm', threads);
}
