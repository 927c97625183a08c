/**
 * Gradient accuracy: the gradient that the training algorithm expects to make its next step along, against the exact one.
 *
 * All gradients are those of the mean log-likelihood of the training examples with respect to weights and both biases together, in
 * standard units ({0,1} also for ±1), before centring, decay, clipping and the optimizer. The positive phase is the same in both,
 * so that what is wrong is the negative phase: bias = E[negative phase] − E_model, over everything that is random in an update.
 *
 * Three yardsticks, which answer different questions:
 *
 * - `relativeBias`, |bias| / |exact gradient|: how wrong the step is. 0 is exact; 1 is what the data themselves would give as negative
 *   phase, namely no step at all, and so what CD comes to where it has converged. Since the exact gradient goes to 0 as the model
 *   improves, this one need not fall.
 * - `negativePhaseBias`, |bias| / |E_model|: how wrong the negative phase itself is.
 * - `totalVariation`, of the distribution of the negative phase's samples from the model's (½ Σ_v |p_k(v) − p(v)|), beside that of the
 *   data, `dataTotalVariation`: of small models trained by CD only.
 *
 * CD's expectation is propagated where that is affordable (`method: 'propagated'`: no sampling, no error), over all training
 * examples. Else (`'sampled'`) the algorithm draws its phases some twenty times over from where it stands, and the square of the bias
 * is estimated without the noise of these draws, with a standard error. Algorithms whose negative phase is computed (exact,
 * mean-field of higher order) are `'deterministic'`.
 *
 * What is conditional on what: everything is given the present parameters. CD's chains start at the examples, which are given,
 * too. The state of persistent chains is a random one, and which states the chains are in now is only one outcome. `relativeBias`
 * and `cosine` are about the expectation over that outcome as well: the scatter between chains, which are independent of each other but
 * for the parameters that they have all taught, is taken for sampling noise and its share of the squared bias taken out. They
 * so compare with CD's. The same `…GivenChains` are about these very chains: the bias, and what a finite number of chains
 * happens to be off; the next updates share most of that error, as long as the chains hardly move.
 * A cosine is left out where the expected (or the reference's) gradient can't be told from 0: it has no direction then.
 * `relativeStandardDeviation` is that of a single update's gradient, with its batch and its number of chains (all chains and examples
 * of the batch being random): √(total variance) / |exact gradient|.
 */

import {
  copyVisibleRows,
  isBinaryMatrix,
  readVisibleRow,
  visibleRowsOf,
  type Kernels,
  type Model,
  type ModelMoments,
  type ModelParameters,
  type Phase,
  type VisibleStates,
} from '../kernels/index.js';
import { plainLogPartitionFunction } from '../estimators/exact-log-partition-function.js';
import { baseVisibleBias } from '../model/base-rate.js';
import type { Cooperation } from '../model/cooperation.js';
import { enumerationCost } from '../model/enumeration-view.js';
import {
  afterGibbsSteps,
  empiricalDistribution,
  momentsUnder,
  propagationCost,
  visibleDistribution,
} from '../model/exact-contrastive-divergence.js';
import { exactMoments } from '../model/exact-moments.js';
import { getParameters } from '../model/parameters.js';
import { momentsOf } from '../model/phase-statistics.js';
import { temperedSamples, temperedSamplesCost, type TemperedSampling } from '../sampling/tempered-samples.js';
import type { DiagnosedTraining, Diagnostic, DiagnosticContext, Findings, ObservedPhases } from './diagnostic.js';
import { cosineFrom, difference, dot, Estimates, rootOf, squaredDistance, type Estimated } from './squared-distance.js';

const { abs, max, min, sqrt } = Math;

const name = 'gradientAccuracy';

/** Largest cost of the exact negative phase, states × n × m: as of the algorithm `exact`, up to a second. */
const exactCostLimit = 268_435_456;

/** Largest cost of log Z, in states × units of binary layers: about a second. */
const logPartitionCostLimit = 4_294_967_296;

/** Largest cost of propagating the transition operator, in pairs of states, where nobody asks for it: about half a second. */
const propagationCostLimit = 268_435_456;

/** Where it is asked for: about a minute (16 × 16 units, k = 1: a quarter of it). */
const wantedPropagationCostLimit = 34_359_738_368;

/** Largest cost of all draws, and of the tempered chains: chains × steps × n × m. About a minute with one thread. */
const samplingCostLimit = 274_877_906_944;

/** Most numbers that the gradients of all draws together take: 256 MB. */
const storedLimit = 33_554_432;

/** Groups of chains whose means are compared. */
const mostGroups = 20;

/** The tempered reference: independent sets of chains, so that their spread tells the standard error. */
const temperedReference: TemperedSampling = { ladder: 'adaptive', rungs: 20, ensembles: 20, stepsBetween: 10 };

/** Algorithms that don't climb the likelihood: they have no negative phase to compare. */
const ofOtherObjectives: readonly string[] = ['pseudo-likelihood', 'ratio-matching'];

/** The values of this diagnostic's keys. */
interface Settings {
  readonly expectation: 'auto' | 'propagated' | 'sampled';
  readonly reference: 'auto' | 'exact' | 'tempered';
  readonly replicas: number;
  readonly examples: number;
  readonly referenceSamples: number;
}

/** Whether the exact negative phase is affordable. */
function isExactAffordable(training: DiagnosedTraining): boolean {
  const { states, cost } = enumerationCost(training);
  return states * training.visibleUnits * training.hiddenUnits <= exactCostLimit && cost <= logPartitionCostLimit;
}

/** Where the model's own expectation comes from. */
function referenceOf(training: DiagnosedTraining, { reference }: Settings): 'exact' | 'tempered' {
  return reference === 'auto' ? (isExactAffordable(training) ? 'exact' : 'tempered') : reference;
}

/** Whether the expected gradient is computed without sampling. */
function isPropagated(training: DiagnosedTraining, { expectation }: Settings): boolean {
  if (training.algorithm !== 'cd' || expectation === 'sampled') return false;
  const limit = expectation === 'propagated' ? wantedPropagationCostLimit : propagationCostLimit;
  return propagationCost(training, training.gibbsSteps ?? 1) <= limit;
}

/** Whether the negative phase's chains go on from where they stood, whatever the examples are. */
function isPersistent({ persistentChains }: DiagnosedTraining): boolean {
  return persistentChains !== undefined;
}

/** Weights, visible and hidden biases (or their statistics) in one array. */
function vectorOf({ products, visible, hidden }: ModelMoments): Float64Array {
  const vector = new Float64Array(products.length + visible.length + hidden.length);
  vector.set(products);
  vector.set(visible, products.length);
  vector.set(hidden, products.length + visible.length);
  return vector;
}

/** One row of a phase: v and E[h | v]. Its statistics s = (v, E[h | v], v E[h | v]ᵀ) are never written down. */
interface PhaseRow {
  readonly visible: Float64Array;
  readonly hidden: Float64Array;
}

function createRow({ visibleUnits, hiddenUnits }: Model): PhaseRow {
  return { visible: new Float64Array(visibleUnits), hidden: new Float64Array(hiddenUnits) };
}

/** Inner product of the statistics of two rows: v·v′ + h·h′ + (v·v′)(h·h′). */
function rowProduct(one: PhaseRow, other: PhaseRow): number {
  let visible = 0;
  let hidden = 0;
  for (let i = 0; i < one.visible.length; i++) visible += one.visible[i] * other.visible[i];
  for (let j = 0; j < one.hidden.length; j++) hidden += one.hidden[j] * other.hidden[j];
  return visible + hidden + visible * hidden;
}

type SampledPhase = Extract<Phase, { kind: 'samples' }>;

function readRow(phase: SampledPhase, row: number, target: PhaseRow): void {
  readVisibleRow(phase.visible, row, target.visible);
  phase.hiddenMeans.readRows(row, target.hidden);
}

/** Some rows of a phase. */
function rowsOfPhase({ visible, hiddenMeans }: SampledPhase, first: number, rows: number): SampledPhase {
  return { kind: 'samples', visible: visibleRowsOf(visible, first, rows), hiddenMeans: hiddenMeans.rowsOf(first, rows), rows };
}

/** Means of phases as arrays, by way of the kernels. */
class PhaseMeans {
  readonly #kernels: Kernels;
  readonly #means: Model;

  constructor(kernels: Kernels, { visibleUnits, hiddenUnits, visibleLayer }: Model) {
    this.#kernels = kernels;
    this.#means = kernels.createModel(visibleUnits, hiddenUnits, visibleLayer);
  }

  /** ⟨v hᵀ⟩, ⟨v⟩, ⟨h⟩ of a phase as one vector. */
  async of(phase: Phase): Promise<Float64Array> {
    if (phase.kind === 'expectation') return vectorOf(phase.moments);
    this.#kernels.accumulateGradient(this.#means, phase, undefined, { scale: 1, decay: 0 });
    await this.#kernels.finish();
    return vectorOf(momentsOf(this.#means));
  }

  release(): void {
    this.#kernels.release(this.#means);
  }
}

/** What the draws of an algorithm say of its gradient, in squares of the gradient. */
interface DrawnGradient {
  readonly method: 'sampled' | 'deterministic';
  /** Mean of the positive phase's examples. */
  readonly positive: Float64Array;
  /** The negative phase given where the chains stand: one estimate of each replica. */
  readonly negative: Estimates;
  /** The negative phase, the states of persistent chains being random: one estimate of each group of chains. */
  readonly negativeOfChains?: Estimates;
  /** Total variance of the gradient of one update. */
  readonly updateVariance: number;
}

/** Share of its variance that a batch drawn without replacement has, against one with. */
function batchShare({ examples, batchRows }: DiagnosedTraining): number {
  return examples > 1 ? (examples - batchRows) / (examples - 1) : 0;
}

/**
 * Mean of |s⁺ − s⁻|² over the pairs of rows: of CD, whose chains start at the examples of the same rows.
 */
function meanSquareOfPairs(model: Model, positive: SampledPhase, negative: SampledPhase): number {
  const [data, chain] = [createRow(model), createRow(model)];
  let sum = 0;
  for (let row = 0; row < positive.rows; row++) {
    readRow(positive, row, data);
    readRow(negative, row, chain);
    sum += rowProduct(data, data) - 2 * rowProduct(data, chain) + rowProduct(chain, chain);
  }
  return sum / positive.rows;
}

/** Mean of |s|² over rows. */
function meanSquare(model: Model, phase: SampledPhase): number {
  const values = createRow(model);
  let sum = 0;
  for (let row = 0; row < phase.rows; row++) {
    readRow(phase, row, values);
    sum += rowProduct(values, values);
  }
  return sum / phase.rows;
}

/** The positive phase of some examples, E[h | v] computed here. */
async function positivePhase({ kernels, model }: DiagnosticContext, examples: VisibleStates): Promise<SampledPhase> {
  const { rows } = examples;
  const visible = kernels.createVisibleStates(rows, model);
  copyVisibleRows(examples, Uint32Array.from({ length: rows }, (_, row) => row), visible);
  const hiddenMeans = kernels.createMatrix(rows, model.hiddenUnits);
  kernels.hiddenMeans(model, [{ visible, rows, means: hiddenMeans }]);
  await kernels.finish();
  return { kind: 'samples', visible, hiddenMeans, rows };
}

function releasePhase(kernels: Kernels, { visible, hiddenMeans }: SampledPhase): void {
  kernels.release(hiddenMeans, visible);
}

/** Draws phases; of persistent chains a single example is enough, since the negative phase does not depend on them. */
async function drawn(context: DiagnosticContext, examples: VisibleStates, replica: number): Promise<ObservedPhases> {
  const phases = await context.drawPhases(isPersistent(context.training) ? visibleRowsOf(examples, 0, 1) : examples, replica);
  await context.kernels.finish();
  return phases;
}

/**
 * Draws the phases again and again and takes their statistics apart. With R replicas, N examples, B of them in a batch, C chains:
 *
 * - variance of CD's update: an example's gradient g varies within it (from draw to draw) and between examples. The whole set's mean
 *   varies by V_within/N from replica to replica; the mean of |g|² less |mean g|² is V_between + V_within − V_within/(N·R); an update
 *   has (V_between·(N − B)/(N − 1) + V_within)/B.
 * - of persistent chains: both phases are independent; positive V_between·(N − B)/(N − 1)/B, negative the variance between chains
 *   within one draw, by C.
 */
async function drawGradient(context: DiagnosticContext, settings: Settings, means: PhaseMeans, cooperation: Cooperation): Promise<DrawnGradient> {
  const { model, kernels, training } = context;
  const rows = min(settings.examples, context.splits.train.rows);
  const examples = visibleRowsOf(context.splits.train, 0, rows);
  const share = batchShare(training);
  const data = await positivePhase(context, examples);
  const positive = await means.of(data);
  const positiveVariance = max(0, meanSquare(model, data) - dot(positive, positive));
  releasePhase(kernels, data);

  const negatives: Float64Array[] = [];
  const groups: Float64Array[] = [];
  let pairSquares = 0;
  let chainVariance = 0;
  let chains = 0;
  for (let replica = 0; replica < settings.replicas; replica++) {
    const { positive: ofData, negative } = await drawn(context, examples, replica);
    const mean = await means.of(negative);
    negatives.push(mean);
    // Nothing is random in it: another draw would say the same.
    if (negative.kind === 'expectation') {
      const updateVariance = (positiveVariance * share) / training.batchRows;
      return { method: 'deterministic', positive, negative: new Estimates(negatives), updateVariance };
    }
    if (isPersistent(training)) {
      chains = negative.rows;
      if (chains > 1) chainVariance += (max(0, meanSquare(model, negative) - dot(mean, mean)) * chains) / (chains - 1) / settings.replicas;
      const count = min(chains, mostGroups);
      for (let group = 0; group < count; group++) {
        const first = Math.floor((group * chains) / count);
        const ofGroup = await means.of(rowsOfPhase(negative, first, Math.floor(((group + 1) * chains) / count) - first));
        groups[group] ??= new Float64Array(mean.length);
        for (let index = 0; index < mean.length; index++) groups[group][index] += ofGroup[index] / settings.replicas;
      }
    } else if (ofData.kind === 'samples') {
      pairSquares += meanSquareOfPairs(model, ofData, negative) / settings.replicas;
    }
    await cooperation.pause?.();
  }
  const negative = new Estimates(negatives);
  if (isPersistent(training)) {
    const updateVariance = (positiveVariance * share) / training.batchRows + chainVariance / chains;
    // Two groups have no standard error.
    return { method: 'sampled', positive, negative, ...(groups.length > 2 && { negativeOfChains: new Estimates(groups) }), updateVariance };
  }
  const gradient = difference(positive, negative.mean);
  const within = negative.variance * rows;
  const between = max(0, pairSquares - dot(gradient, gradient) - within + within / (rows * settings.replicas));
  return { method: 'sampled', positive, negative, updateVariance: (between * share + within) / training.batchRows };
}

/** The model's own expectation. */
interface Reference {
  readonly negative: Estimates;
  readonly findings: Findings;
  /** log Z in nats, where it is known. */
  readonly logPartitionFunction?: number;
}

async function exactReference(kernels: Kernels, parameters: ModelParameters): Promise<Reference> {
  const logPartitionFunction = await plainLogPartitionFunction(kernels, parameters);
  const moments = await exactMoments(kernels, parameters, logPartitionFunction);
  return { negative: new Estimates([vectorOf(moments)]), findings: { reference: 'exact' }, logPartitionFunction };
}

/** By long tempered chains: the means of independent ensembles. Nothing proves that they have come to the model's distribution. */
async function temperedReferenceOf(
  context: DiagnosticContext,
  { referenceSamples }: Settings,
  means: PhaseMeans,
  cooperation: Cooperation,
): Promise<Reference> {
  const { kernels, model, splits, seed } = context;
  const { ensembles } = temperedReference;
  const base = baseVisibleBias('data', splits.train, model.visibleLayer);
  const streams = JSON.stringify([seed, `diagnostics/${name}/reference/${context.update()}`]);
  const { states, swapRates, roundTrips } = await temperedSamples(
    kernels, model, base, referenceSamples, temperedReference, streams, { pause: cooperation.pause?.bind(cooperation) },
  );
  const estimates: Float64Array[] = [];
  for (let ensemble = 0; ensemble < ensembles; ensemble++) {
    const count = Math.ceil((referenceSamples - ensemble) / ensembles);
    const visible = kernels.createVisibleStates(count, model);
    copyVisibleRows(states, Uint32Array.from({ length: count }, (_, index) => index * ensembles + ensemble), visible);
    const hiddenMeans = kernels.createMatrix(count, model.hiddenUnits);
    kernels.hiddenMeans(model, [{ visible, rows: count, means: hiddenMeans }]);
    await kernels.finish();
    const phase: SampledPhase = { kind: 'samples', visible, hiddenMeans, rows: count };
    estimates.push(await means.of(phase));
    releasePhase(kernels, phase);
    await cooperation.pause?.();
  }
  const findings = { reference: 'tempered', referenceRoundTrips: roundTrips, referenceLowestSwapRate: swapRates.reduce((low, rate) => min(low, rate), 1) };
  return { negative: new Estimates(estimates), findings };
}

/** Leaves out what is no finite number. */
function finite(figures: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).filter((entry): entry is [string, number] => Number.isFinite(entry[1])));
}

/** The figures that compare an expected negative phase with the model's. */
function comparison(positive: Float64Array, negative: Estimates, reference: Estimates) {
  const exactNorm = rootOf(squaredDistance(new Estimates([positive]), reference)).value;
  const modelNorm = rootOf(squaredDistance(reference, new Estimates([new Float64Array(positive.length)]))).value;
  const bias: Estimated = rootOf(squaredDistance(negative, reference));
  const cosine = cosineFrom(positive, negative, reference);
  const isExact = negative.isExact && reference.isExact;
  return {
    cosine: cosine?.value,
    cosineStandardError: isExact ? undefined : cosine?.standardError,
    bias: bias.value,
    relativeBias: bias.value / exactNorm,
    relativeBiasStandardError: isExact ? undefined : bias.standardError / exactNorm,
    negativePhaseBias: bias.value / modelNorm,
    exactNorm,
  };
}

/** ½ Σ |p − q|. */
function totalVariation(p: Float64Array, q: Float64Array): number {
  let sum = 0;
  for (let state = 0; state < p.length; state++) sum += abs(p[state] - q[state]);
  return sum / 2;
}

/** CD's expected gradient by propagation, over all training examples, and how far its samples' distribution is from the model's. */
async function propagate(
  { splits, training }: DiagnosticContext,
  parameters: ModelParameters,
  logPartitionFunction: number | undefined,
  cooperation: Cooperation,
): Promise<{ positive: Float64Array; negative: Estimates; distributions: Record<string, number> }> {
  const { train } = splits;
  if (!isBinaryMatrix(train)) throw new RangeError('only binary states are propagated');
  const data = empiricalDistribution(train);
  const after = await afterGibbsSteps(parameters, data, training.gibbsSteps ?? 1, cooperation);
  const positive = vectorOf(await momentsUnder(parameters, data, cooperation));
  const negative = new Estimates([vectorOf(await momentsUnder(parameters, after, cooperation))]);
  if (logPartitionFunction === undefined) return { positive, negative, distributions: {} };
  const model = await visibleDistribution(parameters, logPartitionFunction, cooperation);
  return { positive, negative, distributions: { totalVariation: totalVariation(after, model), dataTotalVariation: totalVariation(data, model) } };
}

async function measure(context: DiagnosticContext, cooperation: Cooperation): Promise<Findings> {
  const { kernels, model, training } = context;
  const settings = context.settings as unknown as Settings;
  const parameters = getParameters(model);
  const means = new PhaseMeans(kernels, model);
  const reference =
    referenceOf(training, settings) === 'exact'
      ? await exactReference(kernels, parameters)
      : await temperedReferenceOf(context, settings, means, cooperation);
  await cooperation.pause?.();
  const draws = await drawGradient(context, settings, means, cooperation);
  means.release();
  if (isPropagated(training, settings)) {
    const { positive, negative, distributions } = await propagate(context, parameters, reference.logPartitionFunction, cooperation);
    const compared = comparison(positive, negative, reference.negative);
    const relativeStandardDeviation = sqrt(draws.updateVariance) / compared.exactNorm;
    return { method: 'propagated', ...reference.findings, ...finite({ ...compared, relativeStandardDeviation, ...distributions }) };
  }
  const given = comparison(draws.positive, draws.negative, reference.negative);
  const compared = draws.negativeOfChains === undefined ? given : comparison(draws.positive, draws.negativeOfChains, reference.negative);
  const ofChains = isPersistent(training) && {
    cosineGivenChains: given.cosine,
    cosineGivenChainsStandardError: given.cosineStandardError,
    relativeBiasGivenChains: given.relativeBias,
    relativeBiasGivenChainsStandardError: given.relativeBiasStandardError,
  };
  const relativeStandardDeviation = sqrt(draws.updateVariance) / compared.exactNorm;
  return { method: draws.method, ...reference.findings, ...finite({ ...compared, relativeStandardDeviation, ...ofChains }) };
}

/** The diagnostic `gradientAccuracy`. */
export const gradientAccuracy: Diagnostic = {
  name,
  summary: 'the gradient that the algorithm expects to follow against the exact one: cosine, bias, noise of an update',
  cost:
    'some twenty updates (of CD: with up to 1000 examples) and an exact gradient each time it is measured, a few seconds at most with the exact reference; ' +
    'with tempered chains up to minutes. Larger ones are refused',
  byDefault: false,
  keys: [
    {
      name: 'expectation',
      meaning: 'how the gradient is found that the algorithm expects',
      type: {
        kind: 'choice',
        values: ['auto', 'propagated', 'sampled'],
        meanings: [
          'of CD on small models propagated, else sampled',
          'of CD, by carrying the distribution over all visible states through the Gibbs steps: no sampling, up to a minute',
          'from draws of the algorithm',
        ],
      },
      default: 'auto',
    },
    {
      name: 'reference',
      meaning: 'what the gradient is held against',
      type: {
        kind: 'choice',
        values: ['auto', 'exact', 'tempered'],
        meanings: [
          'exact where that is affordable, else tempered',
          'the exact gradient, by enumerating the smaller layer',
          'the negative phase of long tempered chains, with its standard error',
        ],
      },
      default: 'auto',
    },
    {
      name: 'replicas',
      meaning: 'how often the algorithm draws its phases, for the bias of sampled gradients and the variance of all',
      type: { kind: 'integer', minimum: 3, maximum: 10_000 },
      default: 20,
    },
    {
      name: 'examples',
      meaning: 'training examples that sampled gradients are of, the first ones (all where there are fewer); propagated ones are of all',
      type: { kind: 'integer', minimum: 1, maximum: 1 << 20 },
      default: 1000,
    },
    {
      name: 'referenceSamples',
      meaning: `samples of the tempered chains, shared by ${temperedReference.ensembles} independent sets of them`,
      type: { kind: 'integer', minimum: temperedReference.ensembles, maximum: 1 << 20 },
      default: 1000,
      onlyWith: { key: 'reference', values: ['auto', 'tempered'] },
    },
  ],
  refuse(training, values) {
    const settings = values as unknown as Settings;
    const { visibleUnits: n, hiddenUnits: m, algorithm, gibbsSteps = 1, persistentChains } = training;
    if (ofOtherObjectives.includes(algorithm)) {
      return {
        message: `the algorithm ${algorithm} does not follow the gradient of the likelihood: it has no negative phase to compare`,
        hint: 'Leave it out, or train with cd, sml, tempered-sml, fast-sml, mean-field or exact.',
      };
    }
    const shape = `${n} visible × ${m} hidden units`;
    if (settings.expectation === 'propagated' && !isPropagated(training, settings)) {
      const cost = propagationCost(training, gibbsSteps);
      return {
        message:
          algorithm !== 'cd'
            ? `expectations are propagated of the algorithm cd only, not of ${algorithm}`
            : `the expectation of CD-${gibbsSteps} on ${shape} can’t be propagated: ` +
              (cost === Infinity ? 'that takes binary units, at most 20 of each layer' : `it takes ${cost.toExponential(1)} pairs of states, the limit is ${wantedPropagationCostLimit.toExponential(1)}`),
        hint: 'Use expectation: sampled (or auto).',
      };
    }
    const reference = referenceOf(training, settings);
    if (reference === 'exact' && !isExactAffordable(training)) {
      const { outerUnits } = enumerationCost(training);
      return {
        message: `the exact gradient of ${shape} enumerates 2^${outerUnits} states, more than is affordable at every measurement`,
        hint: 'Use reference: tempered (or auto).',
      };
    }
    const temperedCost = reference === 'exact' ? 0 : temperedSamplesCost(settings.referenceSamples, temperedReference) * n * m;
    if (temperedCost > samplingCostLimit) {
      return {
        message: `tempered chains of ${shape} take ${temperedCost.toExponential(1)} operations at every measurement; the limit is ${samplingCostLimit.toExponential(1)}`,
        hint: `Lower referenceSamples (now ${settings.referenceSamples}), or leave the diagnostic out.`,
      };
    }
    const rows = persistentChains ?? min(settings.examples, training.examples);
    const drawCost = settings.replicas * rows * (gibbsSteps + 2) * n * m;
    const stored = (settings.replicas + mostGroups + temperedReference.ensembles) * (n * m + n + m);
    if (drawCost > samplingCostLimit || stored > storedLimit) {
      return {
        message:
          `${settings.replicas} draws of ${rows} chains of ${shape} take ${drawCost.toExponential(1)} operations and ${stored.toExponential(1)} numbers ` +
          `at every measurement; the limits are ${samplingCostLimit.toExponential(1)} and ${storedLimit.toExponential(1)}`,
        hint: 'Lower replicas (at least 3) or examples.',
      };
    }
    return undefined;
  },
  start: (context) => ({ tensors: {}, measure: (cooperation) => measure(context, cooperation) }),
};
