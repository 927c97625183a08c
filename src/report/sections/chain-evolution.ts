/**
 * Gibbs chains as film strips: whether they move between the modes of the model or stay where they started.
 *
 * Half of the chains start from training examples, half from noise. Where both kinds look alike at the end, and so do their
 * free energies, chains mix within so many steps; where they don't, samples of so few steps show their start.
 */

import { getUnit, isBinaryMatrix, copyVisibleStates, createHostStates, visibleRowsOf, type VisibleStates } from '../../kernels/index.js';
import { freeEnergiesOf } from '../../estimators/free-energies.js';
import { declaredShift } from '../../model/units/index.js';
import { streamKey } from '../../random/index.js';
import { createChains, fillWithExamples, fillWithNoise } from '../../sampling/gibbs.js';
import { examplesOf, mostExamples, numbersOf, shapeOf, shownNumbers } from '../examples.js';
import { greyPlace, imageOf, joinImages, mostPixels, tileGrid, type Pixels, type Shape } from '../images.js';
import { figure, percent } from '../numbers.js';
import { affordableSteps, visibleMeansOf, walk } from '../particles.js';
import type { Section, SectionContent, SectionContext, Table } from '../section.js';

const { floor, max, sqrt } = Math;

/** Chains that start from examples, and as many from noise. */
const chainsOfKind = 4;

/** Steps after which the chains are shown; 0 is where they start. */
const frameSteps = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** What the strips may take, as `stepsBudget`; a step of a few chains is dearer by the chain than one of many. */
const stripBudget = 1_000_000_000;

/** Without a shape, a frame is one line of pixels, at most so many. */
const mostColumns = 1200;

/** Chains of one kind, and what was seen of them. */
interface Strip {
  readonly start: 'data' | 'noise';
  readonly chains: number;
  /** For every frame: chains × n, as the data had them. */
  readonly frames: readonly Float64Array[];
  /** For every frame, over the chains: mean share of units that differ from the start (of real values the root mean square difference). */
  readonly distances: readonly number[];
  /** For every frame: mean free energy, nats. */
  readonly energies: readonly number[];
}

/** Mean of numbers, of at least one. */
function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index];
  return sum / values.length;
}

/** How far states are from where they started: the share of units that differ, of real values the root mean square difference. */
function distanceOf(now: VisibleStates, start: VisibleStates): number {
  const { rows, columns } = now;
  let sum = 0;
  if (isBinaryMatrix(now) && isBinaryMatrix(start)) {
    for (let row = 0; row < rows; row++) {
      for (let unit = 0; unit < columns; unit++) sum += getUnit(now, row, unit) ^ getUnit(start, row, unit);
    }
    return sum / (rows * columns);
  }
  const [values, others] = [numbersOf(now), numbersOf(start)];
  values.forEach((value, index) => {
    sum += (value - others[index]) * (value - others[index]);
  });
  return sqrt(sum / (rows * columns));
}

/** Runs chains of one kind, and looks at them after each of the steps. */
async function filmChains(context: SectionContext, start: Strip['start'], steps: readonly number[], examples: VisibleStates | undefined): Promise<Strip> {
  const { kernels, model, run, pause } = context;
  const { seed } = run.config;
  const { energy: shift } = declaredShift(run.checkpoint.parameters);
  const count = start === 'data' && examples !== undefined ? Math.min(chainsOfKind, examples.rows) : chainsOfKind;
  const key = streamKey(seed, `report/chain-evolution/${start}`);
  const chains = createChains(kernels, model, count);
  try {
    if (start === 'data' && examples !== undefined) fillWithExamples(chains.visible, examples);
    else await fillWithNoise(kernels, model, chains.visible, streamKey(seed, 'report/chain-evolution/noise'));
    const first = createHostStates(count, model);
    copyVisibleStates(chains.visible, first);
    const frames: Float64Array[] = [];
    const distances: number[] = [];
    const energies: number[] = [];
    let done = 0;
    for (const step of steps) {
      await walk(context, chains, key, done, step - done);
      done = step;
      frames.push(shownNumbers(step === 0 ? numbersOf(first) : await visibleMeansOf(kernels, model, chains.hidden), run));
      distances.push(distanceOf(chains.visible, first));
      energies.push(meanOf(await freeEnergiesOf(kernels, model, visibleRowsOf(chains.visible, 0, count), { pause })) + shift);
    }
    return { start, chains: count, frames, distances, energies };
  } finally {
    kernels.release(chains.visible, chains.hidden);
  }
}

/** The strips of chains of one kind: with a shape a line of pictures for each chain, else a block of one line for each step. */
function stripPixels({ frames, chains }: Strip, shape: Shape | undefined, place: (value: number) => number): Pixels {
  const n = frames[0].length / chains;
  const steps = frames.length;
  if (shape !== undefined) return tileGrid(chains * steps, shape, steps, (tile, index) => place(frames[tile % steps][floor(tile / steps) * n + index]));
  return tileGrid(chains, [steps, n], chains * (n + 1) <= 320 ? chains : 1, (chain, index) => place(frames[floor(index / n)][chain * n + (index % n)]));
}

/** Numbers of both kinds of chains at some of the steps. */
function table(strips: readonly Strip[], steps: readonly number[], isReal: boolean, ofData: number | undefined): Table {
  const kinds = { data: 'training examples', noise: 'noise' } as const;
  return {
    caption: `Chains on their way${ofData === undefined ? '' : `; the mean free energy of training examples is ${figure(ofData)}`}`,
    columns: ['steps', ...strips.flatMap(({ start }) => [`from ${kinds[start]}: ${isReal ? 'distance from the start (standard deviations)' : 'units that differ from the start'}`, `from ${kinds[start]}: free energy (nats)`])],
    rows: steps.map((step, frame) => [String(step), ...strips.flatMap(({ distances, energies }) => [isReal ? figure(distances[frame]) : percent(distances[frame]), figure(energies[frame])])]),
  };
}

/** Steps within the budget, of the chains of both kinds. */
function affordableFrames(weights: number): number[] {
  const { steps } = affordableSteps(weights, 2 * chainsOfKind, stripBudget);
  return frameSteps.filter((step) => step <= steps);
}

async function make(context: SectionContext): Promise<SectionContent | undefined> {
  const { kernels, model, pause } = context;
  const { visibleUnits: n, hiddenUnits: m } = model;
  const shape = shapeOf(context);
  const steps = affordableFrames(n * m);
  const frames = 2 * chainsOfKind * steps.length;
  if (frames * (shape === undefined ? n : (shape[0] + 1) * (shape[1] + 1)) > mostPixels || (shape === undefined && n > mostColumns)) return undefined;
  const examples = examplesOf(context, 'train', mostExamples);
  const starts = examples === undefined ? (['noise'] as const) : (['data', 'noise'] as const);
  const strips: Strip[] = [];
  for (const start of starts) strips.push(await filmChains(context, start, steps, start === 'data' ? examplesOf(context, 'train', chainsOfKind) : undefined));
  const { energy: shift } = declaredShift(context.run.checkpoint.parameters);
  const ofData = examples && meanOf(await freeEnergiesOf(kernels, model, examples, { pause })) + shift;

  const isReal = model.visibleLayer.kind === 'gaussian';
  let [least, largest] = isReal ? [Infinity, -Infinity] : [0, 1];
  for (const value of isReal ? strips.flatMap((strip) => strip.frames.flatMap((frame) => [...frame])) : []) {
    least = Math.min(least, value);
    largest = max(largest, value);
  }
  const place = greyPlace(least, largest);
  const last = steps.length - 1;
  const ends = strips.map(({ start, energies, distances }) => `chains from ${start === 'data' ? 'training examples' : 'noise'} end at a mean free energy of ${figure(energies[last])} nats, ${isReal ? `${figure(distances[last])} standard deviations a unit from their start` : `with ${percent(distances[last])} of their units changed`}`);
  const total = strips.reduce((sum, { chains }) => sum + chains, 0);
  const layout = shape === undefined ? 'each chain is a block of lines, one for each step shown, from top to bottom' : 'each chain is a line, from left to right';
  const halves = strips.length === 1 ? 'All start from noise.' : 'The upper ones start from training examples, the lower ones from noise.';
  return {
    pictures: [
      {
        name: 'chain-evolution',
        title: 'Gibbs chains on their way',
        alternative: `${total} Gibbs chains after ${steps.join(', ')} steps, ${layout}. ${ends.join('; ').replace(/^c/, 'C')}${ofData === undefined ? '' : `; that of training examples is ${figure(ofData)} nats`}.`,
        caption: `Steps ${steps.join(', ')}: ${layout}. ${halves} Frames show E[v | h], the start itself as it is. Chains that keep their first picture do not leave its mode.`,
        png: imageOf(joinImages(strips.map((strip) => stripPixels(strip, shape, place)), 'below'), 'grey'),
        data: table(strips, steps, isReal, ofData),
      },
    ],
  };
}

/** How chains move. */
export const chainEvolutionSection: Section = { name: 'chain-evolution', title: 'Chain evolution', make };
