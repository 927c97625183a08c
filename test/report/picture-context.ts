/** Small runs for tests of sections that make pictures: what such a section reads of a run, and no more. */

import type { Tensor } from '../../src/formats/safetensors.js';
import type { Dataset } from '../../src/datasets/index.js';
import { binaryLayer, loadKernels, type Kernels, type VisibleLayer, type VisibleStates } from '../../src/kernels/index.js';
import type { CheckpointIdentity } from '../../src/checkpoint/checkpoint.js';
import { createModel } from '../../src/model/parameters.js';
import { standardParameters, type DeclaredParameters } from '../../src/model/units/index.js';
import type { SectionContent, SectionContext, Section } from '../../src/report/section.js';
import { normals } from '../reference/numbers.js';

/** A model with random parameters. */
export function randomParameters(n: number, m: number, seed: number, size = 0.5): DeclaredParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, seed, size)),
    visibleBias: Float64Array.from(normals(n, seed + 1, 0.3)),
    hiddenBias: Float64Array.from(normals(m, seed + 2, 0.3)),
  };
}

/** What a test says of its run. */
export interface TestRun {
  readonly parameters: DeclaredParameters;
  readonly shape?: [number, number];
  readonly train?: VisibleStates;
  readonly layer?: VisibleLayer;
  readonly dataset?: Partial<Dataset>;
  readonly state?: ReadonlyMap<string, Tensor>;
  readonly identity?: Partial<CheckpointIdentity>;
  readonly seed?: string;
}

/** The context of a run on some kernels. */
export function contextOf(kernels: Kernels, { parameters, shape, train, layer = binaryLayer, dataset, state = new Map(), identity, seed = '1' }: TestRun): SectionContext {
  const run = {
    name: 'test',
    path: '/nowhere',
    config: { seed },
    events: [],
    warnings: [],
    checkpoint: { parameters, state, metrics: [], progress: { update: 1, evaluated: true }, identity: { ...(shape !== undefined && { shape }), ...identity } },
  } as unknown as SectionContext['run'];
  const data = train && { name: 'test', columns: parameters.visibleUnits, layer, shape, splits: { train: { rows: train.rows, columns: train.columns, states: train } }, fingerprint: '', notes: [], ...dataset };
  return { run, kernels, model: createModel(kernels, standardParameters(parameters)), ...(data !== undefined && { dataset: data as Dataset }) };
}

/** What a section makes of a run, with kernels of its own. */
export async function contentOf(section: Section, run: TestRun, backend = 'wasm', threads = 1): Promise<SectionContent | undefined> {
  const kernels = await loadKernels(backend, { threads });
  try {
    return await section.make(contextOf(kernels, run));
  } finally {
    await kernels.close();
  }
}

/** Everything that a section says, to compare two: bytes of images as text. */
export function asText(content: SectionContent | undefined): string {
  return JSON.stringify(content, (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value));
}
