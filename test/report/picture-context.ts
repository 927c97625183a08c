/** Small runs for tests of sections that make pictures: what such a section reads of a run, and no more. */

import { decode } from 'fast-png';

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

/** Threads only start from what is built. */
async function kernelsOf(backend: string, threads: number): Promise<Kernels> {
  if (threads === 1) return await loadKernels(backend);
  const built = (await import(new URL('../../dist/kernels/index.js', import.meta.url).href)) as { loadKernels: typeof loadKernels };
  return await built.loadKernels(backend, { threads });
}

/** What a section makes of a run, with kernels of its own. */
export async function contentOf(section: Section, run: TestRun, backend = 'wasm', threads = 1): Promise<SectionContent | undefined> {
  const kernels = await kernelsOf(backend, threads);
  try {
    return await section.make(contextOf(kernels, run));
  } finally {
    await kernels.close();
  }
}

/** What sections make of a run must not depend on these. */
export const waysToCompute = [['reference', 1], ['wasm', 1], ['wasm', 2]] as const;

/** Everything that a section says, to compare two: bytes of images as text. */
export function asText(content: SectionContent | undefined): string {
  return JSON.stringify(content, (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value));
}

/** Kernels that count what is asked of them: chains × steps × weights. */
export function counting(kernels: Kernels): { readonly kernels: Kernels; readonly spent: () => number } {
  let spent = 0;
  const sampleVisible: Kernels['sampleVisible'] = (model, hidden, rows, ...rest) => {
    spent += rows * model.visibleUnits * model.hiddenUnits;
    kernels.sampleVisible(model, hidden, rows, ...rest);
  };
  const counted = new Proxy(kernels, {
    get(target, name) {
      if (name === 'sampleVisible') return sampleVisible;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { kernels: counted, spent: () => spent };
}

/** A model whose visible and hidden units copy each other: chains stay where they are, and E[v | h] is v. Not enumerable from 36 on. */
export function copyingParameters(units: number): DeclaredParameters {
  const weights = new Float64Array(units * units).fill(1e-6);
  for (let unit = 0; unit < units; unit++) weights[unit * units + unit] = 80;
  const bias = new Float64Array(units).fill(-40);
  return { visibleUnits: units, hiddenUnits: units, weights, visibleBias: bias, hiddenBias: Float64Array.from(bias) };
}

/** Shades of grey of an image, from 0 (black) to 1 (white); −1 of lines, −2 where the page shows through. */
export function shadesOf(content: SectionContent | undefined): { readonly width: number; readonly height: number; readonly at: (x: number, y: number) => number } {
  const png = content?.pictures?.[0].png;
  if (png === undefined) throw new Error('there is no image');
  const { width, height, data, palette = [] } = decode(png.bytes);
  const shadeOf = (place: number): number => {
    const [red, , , opacity = 255] = palette[place];
    if (opacity === 0) return -2;
    return place === 1 ? -1 : red / 255;
  };
  return { width, height, at: (x, y) => shadeOf(data[y * width + x]) };
}
