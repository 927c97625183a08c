/**
 * How well the model fits, without a likelihood: moments of data and model side by side, free energies of both phases, what
 * the hidden units do, and how large the weights have grown.
 *
 * Nothing is carried from update to update. The data's side is a bounded number of training examples, evenly spaced over the
 * training set; the model's side is what the algorithm's negative phase gives now for these examples, or the exact expectation
 * where that is cheap. Everything is in standard units ({0,1}; of Gaussian units multiples of σ), free energies, too: between
 * both phases constants cancel.
 */

import {
  canonicalSum,
  copyVisibleRows,
  isBinaryMatrix,
  visibleRowsOf,
  type Kernels,
  type Matrix,
  type Model,
  type Phase,
  type VisibleStates,
} from '../kernels/index.js';
import { plainLogPartitionFunction } from '../estimators/exact-log-partition-function.js';
import { meanWithError } from '../estimators/mean.js';
import type { Cooperation } from '../model/cooperation.js';
import { enumerationCost } from '../model/enumeration-view.js';
import { exactMoments } from '../model/exact-moments.js';
import { getParameters } from '../model/parameters.js';
import { largestSingularValues, sizeOfElements } from '../model/singular-values.js';
import { streamKey } from '../random/index.js';
import type { DiagnosedTraining, Diagnostic, DiagnosticContext, Findings, RunningDiagnostic } from './diagnostic.js';
import { evenlySpacedRows } from './evenly-spaced-rows.js';
import { finiteFindings } from './finite-findings.js';

const { floor, max, min, sqrt } = Math;

/** Examples, and samples of the negative phase, at most: what an update of ordinary mini-batches has. */
const mostRows = 100;

/** Numbers of a layer of all these rows at most (32 MiB), down to 16 rows. */
const mostNumbers = 4_194_304;

/** Mini-batches drawn at most, where the negative phase starts at the examples. */
const mostDraws = 64;

/** The exact moments are taken where states × parameters are at most so many: 2 to 4 ms. */
const exactCostLimit = 2_097_152;

/** A hidden unit is off below this, and on above 1 − this. */
const nearly = 0.01;

/** This share of the examples is practically all of them. */
const practicallyAll = 0.99;

/** Singular values that are told. */
const toldSingularValues = 5;

/** Where the model's side comes from. */
type ModelSource = 'exact' | 'chains' | 'reconstructions' | 'mean-field';

/** What stands on the model's side. */
interface ModelSide {
  readonly source: ModelSource;
  readonly phase: Phase;
}

/** What the negative phase has given. */
interface DrawnSide {
  /** How many rows of the room for samples are filled. */
  readonly samples: number;
  /** Undefined where the algorithm has nothing that stands for the model. */
  readonly side?: ModelSide;
}

/** Working room, for the whole run. */
interface Room {
  /** Examples, R × n: they stay. */
  readonly examples: VisibleStates;
  /** Samples of the negative phase, S × n. */
  readonly samples: VisibleStates;
  /** E[h | v] of the examples, R × m. */
  readonly exampleMeans: Matrix;
  /** E[h | v] of the samples, S × m. */
  readonly sampleMeans: Matrix;
}

/** Rows of examples, and of samples. */
function roomRows({ visibleUnits, hiddenUnits, examples, batchRows, persistentChains }: DiagnosedTraining): { examples: number; samples: number } {
  const limit = min(mostRows, max(16, floor(mostNumbers / max(visibleUnits, hiddenUnits))));
  if (persistentChains !== undefined) return { examples: min(examples, limit), samples: min(persistentChains, limit) };
  const rows = min(examples, limit, mostDraws * batchRows);
  return { examples: rows, samples: rows };
}

function makeRoom({ kernels, model, training, splits }: DiagnosticContext): Room {
  const { train } = splits;
  const rows = roomRows({ ...training, examples: train.rows });
  const examples = kernels.createVisibleStates(rows.examples, model);
  copyVisibleRows(train, evenlySpacedRows(train.rows, rows.examples), examples);
  return {
    examples,
    samples: kernels.createVisibleStates(rows.samples, model),
    exampleMeans: kernels.createMatrix(rows.examples, model.hiddenUnits),
    sampleMeans: kernels.createMatrix(rows.samples, model.hiddenUnits),
  };
}

/** Copies the first rows of `from`, as many as there is room for, to the rows of `to` from `firstRow` on; how many these are. */
function takeRows(from: VisibleStates, rows: number, to: VisibleStates, firstRow: number): number {
  const count = min(rows, to.rows - firstRow);
  copyVisibleRows(from, Uint32Array.from({ length: count }, (_, row) => row), visibleRowsOf(to, firstRow, count));
  return count;
}

/** An expectation in the place of samples: what it stands for. */
function expectedSide(algorithm: string, phase: Phase): ModelSide | undefined {
  if (algorithm === 'exact') return { source: 'exact', phase };
  // Others (pseudo-likelihood, ratio matching) have what makes their gradient right, and not the model's moments.
  return algorithm === 'mean-field' ? { source: 'mean-field', phase } : undefined;
}

/** Draws the negative phase of now, and fills the room for samples. */
async function drawModelSide({ kernels, training, drawPhases }: DiagnosticContext, room: Room, pause: Cooperation['pause']): Promise<DrawnSide> {
  const { examples, samples, sampleMeans: hiddenMeans } = room;
  const arePersistent = training.persistentChains !== undefined;
  let filled = 0;
  for (let replica = 0; filled < samples.rows; replica++) {
    const { negative } = await drawPhases(visibleRowsOf(examples, filled, min(training.batchRows, examples.rows - filled)), replica);
    await kernels.finish();
    if (negative.kind === 'expectation') return { samples: 0, side: expectedSide(training.algorithm, negative) };
    // Magnetisations in the place of states.
    if (isBinaryMatrix(negative.visible) !== isBinaryMatrix(samples)) return { samples: 0, side: { source: 'mean-field', phase: negative } };
    filled += takeRows(negative.visible, negative.rows, samples, filled);
    if (arePersistent) break;
    await pause?.();
  }
  const phase: Phase = { kind: 'samples', visible: samples, hiddenMeans, rows: filled };
  return { samples: filled, side: { source: arePersistent ? 'chains' : 'reconstructions', phase } };
}

/** Whether the exact moments cost next to nothing. */
function isExactCheap({ visibleUnits, hiddenUnits, visibleLayer }: DiagnosedTraining): boolean {
  const { states, cost } = enumerationCost({ visibleUnits, hiddenUnits, visibleLayer });
  return max(states * visibleUnits * hiddenUnits, cost) <= exactCostLimit;
}

/** The model's side in the place of what was drawn, by enumeration. */
async function exactSide(kernels: Kernels, model: Model): Promise<ModelSide> {
  const parameters = getParameters(model);
  const moments = await exactMoments(kernels, parameters, await plainLogPartitionFunction(kernels, parameters));
  return { source: 'exact', phase: { kind: 'expectation', moments } };
}

/** √(mean of the squares). */
function rootMeanSquare(values: Float64Array): number {
  return sqrt(canonicalSum(values.map((value) => value * value)) / values.length);
}

/** Σ of the squares of the weights, which are overwritten. The kernels add them up, over i in groups of four. */
async function sumOfSquaredWeights(kernels: Kernels, model: Model): Promise<number> {
  const { visibleUnits: n, hiddenUnits: m, weights } = model;
  const [ones, sums] = [kernels.createMatrix(1, n), kernels.createMatrix(1, m)];
  ones.writeRows(0, new Float64Array(n).fill(1));
  kernels.multiplyElements(weights, weights, weights);
  model.hiddenBias.fill(0);
  kernels.hiddenInputs(model, ones, 1, sums);
  await kernels.finish();
  const ofHidden = new Float64Array(m);
  sums.readRows(0, ofHidden);
  kernels.release(ones, sums);
  return canonicalSum(ofHidden);
}

/** Root-mean-square differences of ⟨v⟩, ⟨h⟩ and ⟨v h⟩ between both sides, over units and over pairs of units. */
async function momentDifferences(kernels: Kernels, model: Model, data: Phase, { phase }: ModelSide): Promise<{ visible: number; hidden: number; products: number }> {
  const { visibleUnits: n, hiddenUnits: m, visibleLayer } = model;
  const difference = kernels.createModel(n, m, visibleLayer);
  kernels.accumulateGradient(difference, data, phase, { scale: 1, decay: 0 });
  await kernels.finish();
  const ofUnits = { visible: rootMeanSquare(difference.visibleBias), hidden: rootMeanSquare(difference.hiddenBias) };
  const products = sqrt((await sumOfSquaredWeights(kernels, difference)) / (n * m));
  kernels.release(difference);
  return { ...ofUnits, products };
}

/** Mean free energy of the first rows, with its standard error over them. */
async function energyFigures(kernels: Kernels, model: Model, states: VisibleStates, rows: number, name: 'positive' | 'negative'): Promise<Findings> {
  if (rows === 0) return {};
  const energies = new Float64Array(rows);
  kernels.freeEnergies(model, states, rows, energies);
  await kernels.finish();
  const { mean, standardError } = meanWithError(energies);
  return { [`${name}FreeEnergy`]: mean, ...(standardError !== undefined && { [`${name}FreeEnergyStandardError`]: standardError }) };
}

/** Least, quartiles and largest of some values, between neighbours by linear interpolation. */
function quantiles(values: Float64Array): number[] {
  const sorted = values.toSorted();
  return [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const place = share * (sorted.length - 1);
    const below = floor(place);
    return below === place ? sorted[below] : sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
  });
}

/** What the hidden units do for the examples. Every unit is of at most one of the three kinds. */
function hiddenFigures(means: Matrix): Findings {
  const { rows, columns } = means;
  const values = new Float64Array(columns);
  const activity = new Float64Array(columns);
  const [off, on] = [new Uint32Array(columns), new Uint32Array(columns)];
  for (let row = 0; row < rows; row++) {
    means.readRows(row, values);
    for (let j = 0; j < columns; j++) {
      const mean = values[j];
      activity[j] += mean / rows;
      if (mean < nearly) off[j]++;
      else if (mean > 1 - nearly) on[j]++;
    }
  }
  const counts = { dead: 0, alwaysOn: 0, saturated: 0 };
  const enough = practicallyAll * rows;
  for (let j = 0; j < columns; j++) {
    if (off[j] >= enough) counts.dead++;
    else if (on[j] >= enough) counts.alwaysOn++;
    else if (off[j] + on[j] >= enough) counts.saturated++;
  }
  return {
    deadHiddenUnits: counts.dead,
    alwaysOnHiddenUnits: counts.alwaysOn,
    saturatedHiddenUnits: counts.saturated,
    meanHiddenActivity: canonicalSum(activity) / columns,
    hiddenActivityQuantiles: quantiles(activity),
  };
}

/** How large the parameters are. */
async function parameterFigures(kernels: Kernels, model: Model, seed: string): Promise<Findings> {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias } = model;
  const { sumOfSquares: squaredNorm, largest } = sizeOfElements(weights);
  const key = streamKey(seed, 'diagnostics/fit/singular-values');
  const singularValues = await largestSingularValues(kernels, model, squaredNorm, toldSingularValues, key);
  return {
    weightNorm: sqrt(squaredNorm),
    largestWeight: largest,
    visibleBiasNorm: sqrt(n) * rootMeanSquare(visibleBias),
    hiddenBiasNorm: sqrt(m) * rootMeanSquare(hiddenBias),
    singularValues: [...singularValues],
    ...(singularValues[0] > 0 && { effectiveRank: squaredNorm / (singularValues[0] * singularValues[0]) }),
  };
}

/**
 * Fit, in figures:
 *
 * - `moments`: root-mean-square differences of ⟨v⟩ (`visible`, over n units), ⟨h⟩ (`hidden`, m) and ⟨v h⟩ (`products`, n·m)
 *   between `examples` training examples and the model, with h = E[h | v] on both sides. `modelSource` says what the model's
 *   side is: `exact` by enumeration, where states × parameters ≤ 2^21 or the algorithm itself enumerates; `chains`: the states
 *   of the persistent chains after the next Gibbs steps; `reconstructions`: states k Gibbs steps from these very examples, which
 *   are *not* the model, and closer to the data than it is; `mean-field`: magnetisations. Of samples, `samples` says how many:
 *   even where both sides agree, they leave differences of about √(variance·(1/examples + 1/samples)). Left out where the
 *   algorithm has no negative phase that stands for the model.
 * - `positiveFreeEnergy`, `negativeFreeEnergy`: mean F(v) of these examples and of the negative phase's samples, in nats and
 *   standard units, each with its standard error (of chains that are not independent: too small). Their difference, not
 *   either of them, says something: chains far below the data sit where the model has more probability than the data have.
 * - `deadHiddenUnits`: E[h_j | v] < 0.01 for at least 99 % of the examples; `alwaysOnHiddenUnits`: > 0.99 for as many;
 *   `saturatedHiddenUnits`: within 0.01 of 0 or of 1 for as many, but neither of both kinds: such a unit is a switch that
 *   hardly learns any more.
 * - `meanHiddenActivity`: mean of E[h_j | v] over examples and units; `hiddenActivityQuantiles`: least, quartiles and largest
 *   of the units' means over the examples.
 * - `weightNorm` (Frobenius), `largestWeight` (magnitude), `visibleBiasNorm`, `hiddenBiasNorm` (Euclidean);
 *   `singularValues`: the five largest of W, decreasing (see `largestSingularValues`); `effectiveRank`: Σσ² / σ₁², also called
 *   stable rank: 1 where W has one direction only, at most min(n, m).
 *
 * Train and validation likelihoods and the free-energy gap, which tell overfitting, are among the figures of the evaluation.
 */
export const fit: Diagnostic = {
  name: 'fit',
  summary: 'moments of data and model, free energies of both phases, dead and saturated hidden units, norms and singular values of the weights',
  cost: 'about three updates a measurement: at most 100 examples, and 20 steps of Lanczos\' method',
  byDefault: true,
  keys: [],
  start(context): RunningDiagnostic {
    const { kernels, model, training, seed } = context;
    const room = makeRoom(context);
    const { examples, samples, exampleMeans, sampleMeans } = room;
    return {
      tensors: {},
      async measure({ pause }) {
        const drawn = await drawModelSide(context, room, pause);
        const side = isExactCheap(training) ? await exactSide(kernels, model) : drawn.side;
        const ofSamples = drawn.samples === 0 ? [] : [{ visible: samples, rows: drawn.samples, means: sampleMeans }];
        kernels.hiddenMeans(model, [{ visible: examples, rows: examples.rows, means: exampleMeans }, ...ofSamples]);
        await kernels.finish();
        await pause?.();
        const data: Phase = { kind: 'samples', visible: examples, hiddenMeans: exampleMeans, rows: examples.rows };
        const differences = side && (await momentDifferences(kernels, model, data, side));
        await pause?.();
        const energies = {
          ...(await energyFigures(kernels, model, examples, examples.rows, 'positive')),
          ...(await energyFigures(kernels, model, samples, drawn.samples, 'negative')),
        };
        await pause?.();
        return finiteFindings({
          ...(side !== undefined && {
            moments: {
              modelSource: side.source,
              examples: examples.rows,
              ...(side.phase.kind === 'samples' && { samples: side.phase.rows }),
              ...differences,
            },
          }),
          ...energies,
          ...hiddenFigures(exampleMeans),
          ...(await parameterFigures(kernels, model, seed)),
        });
      },
    };
  },
};
