/**
 * Fantasy particles: states that the model brings forth by itself, by the best way that is cheap enough for a report.
 *
 * Exact samples where the model can be enumerated; else the persistent chains of its training, which are there already; else
 * tempered chains; else Gibbs chains that start from examples. What the way was is said with them: a picture of particles
 * that have not forgotten where they started shows the start. Which way is taken follows from sizes alone, and random numbers
 * from the run's seed, so that the particles are the same everywhere and every time.
 */

import {
  copyVisibleStates,
  createHostStates,
  isBinaryMatrix,
  packBinaryMatrix,
  hostMatrixOf,
  visibleRowsOf,
  type BinaryMatrix,
  type Kernels,
  type Model,
  type VisibleStates,
} from '../kernels/index.js';
import { baseVisibleBias } from '../model/base-rate.js';
import { enumerationStructure } from '../model/enumeration-structure.js';
import { standardParameters } from '../model/units/index.js';
import { streamKey, type StreamKey } from '../random/index.js';
import { sampleExactly } from '../sampling/exact-samples.js';
import { createChains, fillWithExamples, fillWithNoise, gibbsSteps, layerAddress, type Chains } from '../sampling/gibbs.js';
import { temperedSamples, temperedSamplesCost, type TemperedSampling } from '../sampling/tempered-samples.js';
import { examplesOf, mostExamples } from './examples.js';
import type { SectionContext } from './section.js';

const { floor, max, min } = Math;

/** Particles of the cheap ways, enough for a histogram; the others give as many as are shown. */
const manyParticles = 500;

/** Particles that are shown. */
export const shownParticles = 64;

/** Largest cost of enumerating a model for exact samples, in states × units of binary layers: a fifth of a second. */
export const exactSamplesCost = 1_000_000_000;

/**
 * Gibbs steps × chains × weights that a section may take: half a second of one thread (784 × 500 units: 5,000 steps of one
 * chain).
 */
export const stepsBudget = 2_000_000_000;

/** Steps after which chains are not run any longer, whatever they cost. */
const enoughSteps = 1000;

/** Chains are fewer rather than shorter than this. */
const fewestSteps = 10;

/** How tempered chains run. */
const tempering: TemperedSampling = { ladder: 'adaptive', rungs: 10, ensembles: 16, stepsBetween: 10 };

/** Fantasy particles. */
export interface Particles {
  /** Standard units, outside the kernels' memory; the first ones are shown. */
  readonly states: VisibleStates;
  /** How they were made, as the end of a sentence: `exact samples of the model`. */
  readonly origin: string;
  readonly isExact: boolean;
}

/** How many chains, and how many steps of each, are within the budget. */
export function affordableSteps(weights: number, chains: number, budget = stepsBudget): { chains: number; steps: number } {
  const affordable = max(1, min(chains, floor(budget / (weights * fewestSteps))));
  return { chains: affordable, steps: max(1, min(enoughSteps, floor(budget / (weights * affordable)))) };
}

/** A copy of states outside the kernels' memory. */
function copyOf(states: VisibleStates, model: Model): VisibleStates {
  const copy = createHostStates(states.rows, model);
  copyVisibleStates(states, copy);
  return copy;
}

async function exactParticles({ kernels, run, pause }: SectionContext): Promise<Particles | undefined> {
  const standard = standardParameters(run.checkpoint.parameters);
  if (!(enumerationStructure(standard).cost <= exactSamplesCost)) return undefined;
  try {
    const states = await sampleExactly(kernels, standard, manyParticles, streamKey(run.config.seed, 'report/fantasies/exact'), { pause });
    return { states, origin: 'exact, independent samples of the model', isExact: true };
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_PROBABILITY_OVERFLOW') return undefined;
    throw error;
  }
}

/** The chains that training has left; of tempered ones those of the model itself, which are the last rows. */
function persistentParticles({ run, model }: SectionContext): Particles | undefined {
  const { state } = run.checkpoint;
  const tensor = state.get('visibleChains');
  const rungs = state.get('ladder')?.shape[0] ?? 1;
  if (tensor === undefined || tensor.shape.length !== 2 || tensor.shape[1] !== model.visibleUnits || tensor.shape[0] % rungs !== 0) return undefined;
  const [rows, columns] = tensor.shape;
  const chains = rows / rungs;
  const count = min(chains, manyParticles);
  const { values } = tensor;
  const isGaussian = model.visibleLayer.kind === 'gaussian';
  if (isGaussian !== (values.BYTES_PER_ELEMENT === 8) || !values.every((value) => Number.isFinite(value))) return undefined;
  const own = values.subarray((rows - chains) * columns, (rows - chains + count) * columns);
  const states = isGaussian ? hostMatrixOf(Float64Array.from(own), count, columns) : packBinaryMatrix(Uint8Array.from(own), count, columns);
  return { states, origin: `the first ${count} of the ${chains} persistent chains of its training, as they stand`, isExact: false };
}

async function temperedParticles(context: SectionContext): Promise<Particles | undefined> {
  const { kernels, model, run, pause } = context;
  if (temperedSamplesCost(shownParticles, tempering) * model.visibleUnits * model.hiddenUnits > stepsBudget) return undefined;
  const examples = examplesOf(context, 'train', mostExamples);
  const base = examples === undefined ? new Float64Array(model.visibleUnits) : baseVisibleBias('data', examples, model.visibleLayer);
  const { states, roundTrips } = await temperedSamples(kernels, model, base, shownParticles, tempering, `report/fantasies/${run.config.seed}`, { pause });
  return { states, origin: `samples of tempered chains (${tempering.rungs} inverse temperatures, ${roundTrips} round trips)`, isExact: false };
}

/** Chains × steps × weights between two pauses: some milliseconds. */
const workTogether = 10_000_000;

/**
 * Gibbs steps on chains, giving way between them.
 *
 * @param first number of the first step
 */
export async function walk(
  { kernels, model, pause }: Pick<SectionContext, 'kernels' | 'model' | 'pause'>,
  chains: Chains,
  key: StreamKey,
  first: number,
  steps: number,
): Promise<void> {
  const { rows } = chains.visible;
  const together = max(1, floor(workTogether / (rows * model.visibleUnits * model.hiddenUnits)));
  for (let done = 0; done < steps; done += together) {
    await gibbsSteps(kernels, model, chains, rows, min(together, steps - done), { key, update: 0, step: first + done, row: 0 });
    await kernels.finish();
    await pause?.();
  }
}

async function gibbsParticles(context: SectionContext): Promise<Particles> {
  const { kernels, model, run } = context;
  const { seed } = run.config;
  const { chains: count, steps } = affordableSteps(model.visibleUnits * model.hiddenUnits, shownParticles);
  const chains = createChains(kernels, model, count);
  try {
    const examples = examplesOf(context, 'train', count);
    if (examples === undefined) await fillWithNoise(kernels, model, chains.visible, streamKey(seed, 'report/fantasies/noise'));
    else fillWithExamples(chains.visible, examples);
    await walk(context, chains, streamKey(seed, 'report/fantasies/gibbs'), 0, steps);
    const start = examples === undefined ? 'noise, which they may not have left for the model yet' : 'training examples, which they may not have forgotten';
    return { states: copyOf(chains.visible, model), origin: `Gibbs chains after ${steps} ${steps === 1 ? 'step' : 'steps'} from ${start}`, isExact: false };
  } finally {
    kernels.release(chains.visible, chains.hidden);
  }
}

async function makeParticles(context: SectionContext): Promise<Particles> {
  return (await exactParticles(context)) ?? persistentParticles(context) ?? (await temperedParticles(context)) ?? (await gibbsParticles(context));
}

/** Made once for the sections that show them. */
const made = new WeakMap<SectionContext['run'], { readonly model: Model; readonly particles: Promise<Particles> }>();

/**
 * The fantasy particles of a run; computed once for a run and model.
 *
 * @throws whatever `context.pause` throws
 */
export function particlesOf(context: SectionContext): Promise<Particles> {
  const { run, model } = context;
  const known = made.get(run);
  if (known?.model === model) return known.particles;
  const particles = makeParticles(context);
  made.set(run, { model, particles });
  // What was interrupted is tried again.
  particles.catch(() => made.delete(run));
  return particles;
}

/** E[v | h] of hidden states, rows × n, in standard units: what p(v | h) looks like without the noise of drawing v. */
export async function visibleMeansOf(kernels: Kernels, model: Model, hidden: BinaryMatrix): Promise<Float64Array> {
  const { rows } = hidden;
  const means = kernels.createMatrix(rows, model.visibleUnits);
  kernels.visibleInputs(model, hidden, rows, means);
  kernels.visibleMeans(model, means, rows);
  await kernels.finish();
  const values = new Float64Array(rows * model.visibleUnits);
  means.readRows(0, values);
  kernels.release(means);
  return values;
}

/** E[v | h] for one h ~ p(h | v) of each of the first `count` particles, count × n, in standard units. */
export async function smoothed({ kernels, model, run }: SectionContext, states: VisibleStates, count: number): Promise<Float64Array> {
  const hidden = kernels.createStates(count, model.hiddenUnits);
  const address = layerAddress({ key: streamKey(run.config.seed, 'report/fantasies/means'), update: 0, step: 0, row: 0 }, 'hidden');
  kernels.sampleHidden(model, visibleRowsOf(states, 0, count), count, address, 0, hidden);
  await kernels.finish();
  const means = await visibleMeansOf(kernels, model, hidden);
  kernels.release(hidden);
  return means;
}

/** Bits that are on in a word. */
function bitsOn(word: number): number {
  let rest = word - ((word >>> 1) & 0x55555555);
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return Math.imul((rest + (rest >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Of each state how many units differ from the nearest of some examples; undefined of real values. */
export function nearestDistances(states: VisibleStates, examples: VisibleStates): Uint32Array | undefined {
  if (!isBinaryMatrix(states) || !isBinaryMatrix(examples)) return undefined;
  const { wordsPerRow } = states;
  return Uint32Array.from({ length: states.rows }, (_, row) => {
    let nearest = Infinity;
    for (let example = 0; example < examples.rows; example++) {
      let distance = 0;
      for (let word = 0; word < wordsPerRow; word++) distance += bitsOn(states.words[row * wordsPerRow + word] ^ examples.words[example * wordsPerRow + word]);
      if (distance < nearest) nearest = distance;
    }
    return nearest;
  });
}
