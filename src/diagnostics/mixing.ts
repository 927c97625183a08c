/**
 * Mixing: whether persistent chains still follow the model that they are to be samples of.
 *
 * Between two updates that lie one mixing time apart a chain forgets where it was; the model must not become another one
 * meanwhile. How far it has moved is measured where the chains are: every state v that was kept has the log importance
 * weight F_then(v) − F_now(v) between both models, up to a constant, and its variance over the chains is about twice the
 * Kullback–Leibler divergence between them (for small steps the drift of the parameters in the metric of Fisher's information).
 * No copy of the parameters is needed, only states and their free energies. The yardstick is the variance of the free energy itself
 * over the chains, how much they differ at all: both grow with the number of units. The ratio r of the two is ε² where the
 * whole model has become sharper or flatter by a factor 1 + ε; see `limits` for where training fails.
 *
 * The mixing time is that of the states, by their overlap C(t) = 1 − ‖v_0 − v_t‖² / (mean over independent pairs of training
 * examples): the first t where C(t) ≤ C(1)/e. What differs after a single update is mostly the noise of drawing v from h, which
 * says nothing of the modes (on MNIST C(1) is 0.3).
 *
 * Windows: at the start of one the states of the chains are kept, with their free energies; it ends when they are forgotten.
 * While they aren't, the drift is looked at now and then, so that chains that stand still are found, too. Few chains keep
 * their states of earlier windows beside the last ones.
 */

import {
  canonicalSum,
  createHostStates,
  isBinaryMatrix,
  readVisibleRow,
  selectVisibleRows,
  visibleRowsOf,
  type Phase,
  type Tempering,
  type VisibleStates,
} from '../kernels/index.js';
import { integratedAutocorrelationTime, rHat, sampleVariance, type Traces } from '../estimators/autocorrelation.js';
import { freeEnergiesOf } from '../estimators/free-energies.js';
import { meanWithError } from '../estimators/mean.js';
import type { Cooperation } from '../model/cooperation.js';
import type { Diagnostic, DiagnosticContext, DiagnosticWarning, Findings, RunningDiagnostic } from './diagnostic.js';
import { evenlySpacedRows } from './evenly-spaced-rows.js';

const { ceil, floor, max, min, sqrt } = Math;

/** Chains that are looked at, at most, and states that are kept. */
const observedChains = 32;

/** Updates of a window at least: two evaluations of `observedChains` free energies for so many updates. */
const shortestWindow = 25;

/** A window's drift is looked at when it has become longer by this factor. */
const lookFactor = 1.5;

/** States that a variance is taken over, at least. */
const fewestStates = 8;

/** Training examples that stand for all of them: their spread, and the free energy gap. */
const dataRows = 1000;

/** Traces are of so many chains, … */
const tracedChains = 8;
/** … of the distances to so many training examples, … */
const landmarkCount = 3;
/** … so many steps long. */
const traceLength = 256;
/** … and figures of them are of a multiple of so many steps: evaluations after every update would cost more than training. */
const traceGrain = 32;

/** Traces are thinned out so that they span about so many mixing times or more. */
const tracedTimes = 40;

/** 1/e. */
const inverseE = 0.36787944117144233;

/**
 * When chains no longer follow, and when they do again: r, and the variance of the log weights in nats² (a model that moves by
 * less than a nat is followed, whatever else).
 *
 * Bars and stripes 4×4, configs/papers/bars-and-stripes-pcd-16-diverges.json with evaluations every 50 updates, seeds 1 to 5: the warning
 * comes at updates 3490, 3526, 3301, 3376, 3577; the best exact likelihood at 4550, 5150, 4900, 4000, 5100; and the likelihood (its mean
 * over 500 updates) stays half a nat below its peak from 4750, 5950, 5500, 5100, 5900 on, with r above 1. Where training works, the largest r
 * with a drift above a nat: none (configs/bars-and-stripes.json), 0.17 (bars-and-stripes-pcd-8), 0.08 (configs/sml.json), 0.01 (mnist-20-pcd).
 */
const limits = {
  lost: { ratio: 0.25, drift: 1 },
  follows: { ratio: 0.05, drift: 0.25 },
};

/** How far a learning rate is extrapolated: a limit this many times as large means nothing. */
const largestFactor = 100;

/** What `counters` hold, in their order. */
const counterNames = [
  /** Whether there are states of an update before. */
  'seen',
  /** Update at which the window started. */
  'start',
  /** Updates until the states were forgotten; 0 while they are not. */
  'forgotten',
  /** Updates after which the drift is looked at next. */
  'look',
  /** States that are kept. */
  'kept',
  /** Group of kept states that the window started with. */
  'group',
  /** Windows that have ended with a drift. */
  'windows',
  /** Mean share of the distance between independent states that an update covers. */
  'step',
  /** Updates that it is a mean of, up to `stepMemory`. */
  'steps',
  /** Mixing time in updates, variances of the log weights over one of them and of free energies in nats²: means over windows. */
  'time', 'drift', 'spread',
  /** The same three with what an open window has shown since. */
  'timeNow', 'driftNow', 'spreadNow',
  /** Whether the warning stands. */
  'warned',
  /** Updates between steps of the traces. */
  'stride',
  /** Steps that the traces have. */
  'traced',
] as const;

/** Where a counter stands. */
const at = Object.fromEntries(counterNames.map((name, index) => [name, index])) as Record<(typeof counterNames)[number], number>;

/** Updates that the mean distance of a step looks back on. */
const stepMemory = 50;

/** Bits that are 1. */
function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Values of real states that lie outside the kernels' memory. */
function valuesOf(states: VisibleStates): Float64Array {
  return (states as unknown as { readonly values: Float64Array }).values;
}

/** Copies as many rows as `target` has, which lies outside the kernels' memory where the states are real. */
function copyFirstRows(states: VisibleStates, target: VisibleStates): void {
  if (isBinaryMatrix(states) && isBinaryMatrix(target)) target.words.set(states.words.subarray(0, target.words.length));
  else if (!isBinaryMatrix(states)) states.readRows(0, valuesOf(target));
}

/** Σ ‖v − w‖² over `rows` rows of `states` from `row` on and as many of `others` from `other` on, both outside the kernels' memory where they are real. */
function squaredDistance(states: VisibleStates, row: number, others: VisibleStates, other: number, rows: number): number {
  let sum = 0;
  if (isBinaryMatrix(states) && isBinaryMatrix(others)) {
    const { words, wordsPerRow } = states;
    const { words: otherWords } = others;
    const [first, offset] = [row * wordsPerRow, (other - row) * wordsPerRow];
    for (let word = first; word < first + rows * wordsPerRow; word++) sum += bitCount(words[word] ^ otherWords[word + offset]);
    return sum;
  }
  const { columns } = states;
  const [values, otherValues] = [valuesOf(states), valuesOf(others)];
  const [first, offset] = [row * columns, (other - row) * columns];
  for (let index = first; index < first + rows * columns; index++) {
    const difference = values[index] - otherValues[index + offset];
    sum += difference * difference;
  }
  return sum;
}

/** Few rows that stand for all. */
function someRows(states: VisibleStates, count: number): VisibleStates {
  return selectVisibleRows(states, evenlySpacedRows(states.rows, count));
}

/** Mean ‖v − w‖² of two states drawn independently, with the means and variances of these: 2·Σ_i variance of unit i. */
function independentDistance(states: VisibleStates): number {
  const { rows, columns } = states;
  const sums = new Float64Array(columns);
  const squares = new Float64Array(columns);
  const values = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    readVisibleRow(states, row, values);
    for (let unit = 0; unit < columns; unit++) {
      sums[unit] += values[unit];
      squares[unit] += values[unit] * values[unit];
    }
  }
  const distance = 2 * canonicalSum(squares.map((square, unit) => square / rows - (sums[unit] / rows) * (sums[unit] / rows)));
  // Of examples that are all the same: one unit's worth, so that there is a scale at all.
  return distance > 0 ? distance : 1;
}

/** A mean over the last windows, in which `value` counts `share`. */
function towards(mean: number, value: number, share: number): number {
  return mean + share * (value - mean);
}

/** A number in words: three digits. */
function inWords(value: number): string {
  return String(Number(value.toPrecision(3)));
}

type Samples = Phase & { kind: 'samples' };

/** The diagnostic at work. */
class Mixing implements RunningDiagnostic {
  readonly tensors: RunningDiagnostic['tensors'];

  readonly #context: DiagnosticContext;
  readonly #counters = new Float64Array(counterNames.length);
  /** v of the observed chains after the last update, M × n, … */
  readonly #previous: VisibleStates;
  /** … and after this one. */
  readonly #current: VisibleStates;
  /** States that were kept, G·M × n, and their free energies when the window started. */
  readonly #kept: VisibleStates;
  readonly #keptEnergies: Float64Array;
  readonly #energies: Float64Array;
  /** Of the model itself. */
  readonly #tempering: Tempering;
  /** Landmarks × traced chains × steps: squared distances. */
  readonly #traces: Float64Array;
  readonly #landmarks: VisibleStates;
  readonly #independent: number;
  /** What a window counts in the means over windows, at least. */
  readonly #share: number;
  /** Figures of the traces up to that update. */
  #traceFigures: { readonly update: number; readonly findings: Findings } | undefined;

  constructor(context: DiagnosticContext) {
    const { model, training } = context;
    const chains = min(training.persistentChains ?? 1, observedChains);
    const groups = floor(observedChains / chains);
    const data = someRows(context.splits.train, dataRows);
    this.#context = context;
    this.#previous = createHostStates(chains, model);
    this.#current = createHostStates(chains, model);
    // Kernels copy what lies outside their memory; real numbers can be read only there.
    this.#kept = model.visibleLayer.kind === 'gaussian' ? createHostStates(groups * chains, model) : context.kernels.createVisibleStates(groups * chains, model);
    this.#tempering = { inverseTemperatures: new Float64Array(groups * chains).fill(1), baseVisibleBias: new Float64Array(model.visibleUnits) };
    this.#keptEnergies = new Float64Array(groups * chains);
    this.#energies = new Float64Array(groups * chains);
    this.#landmarks = someRows(data, landmarkCount);
    this.#independent = independentDistance(data);
    this.#share = min(1 / 8, max(1 / 16, chains / 256));
    this.#traces = new Float64Array(this.#landmarks.rows * min(chains, tracedChains) * traceLength);
    this.#counters[at.stride] = 1;
    this.tensors = {
      counters: this.#counters,
      previous: this.#previous,
      kept: this.#kept,
      keptEnergies: this.#keptEnergies,
      traces: this.#traces,
    };
  }

  observe({ negative }: { readonly negative: Phase }): Promise<DiagnosticWarning | undefined> | undefined {
    const { visible } = negative as Samples;
    const counters = this.#counters;
    const update = this.#context.update();
    const [current, previous] = [this.#current, this.#previous];
    copyFirstRows(visible, current);
    if (update % counters[at.stride] === 0) this.#trace(update);
    const isFirst = counters[at.seen] === 0;
    counters[at.seen] = 1;
    let isDue = isFirst;
    if (!isFirst) {
      counters[at.steps] = min(counters[at.steps] + 1, stepMemory);
      counters[at.step] = towards(counters[at.step], this.#meanDistance(previous, 0), 1 / counters[at.steps]);
      isDue = this.#isLookDue(update - counters[at.start]);
    }
    copyFirstRows(current, previous);
    return isDue ? this.#look(update) : undefined;
  }

  /** Mean squared distance of the chains now from rows of `others`, as a share of that of independent states. */
  #meanDistance(others: VisibleStates, first: number): number {
    const current = this.#current;
    return squaredDistance(current, 0, others, first, current.rows) / current.rows / this.#independent;
  }

  /** Looks whether the states of the window's start are forgotten; whether the drift is to be looked at. */
  #isLookDue(age: number): boolean {
    const counters = this.#counters;
    if (counters[at.forgotten] === 0) {
      const overlap = 1 - this.#meanDistance(this.#kept, counters[at.group] * this.#current.rows);
      if (overlap <= inverseE * max(0, 1 - counters[at.step])) counters[at.forgotten] = age;
    }
    return age >= shortestWindow && (counters[at.forgotten] > 0 || age >= counters[at.look]);
  }

  /** Free energies of the kept states under the present model into `energies`; whether all are finite. */
  async #evaluateKept(): Promise<boolean> {
    const { kernels, model } = this.#context;
    const count = this.#counters[at.kept];
    // The same as `freeEnergies` up to rounding, for half the price: one exponential per unit, and hardly a logarithm.
    const energies = this.#energies.subarray(0, count);
    const inverseTemperatures = this.#tempering.inverseTemperatures.subarray(0, count);
    kernels.temperedFreeEnergies(model, this.#kept, count, { ...this.#tempering, inverseTemperatures }, energies);
    await kernels.finish();
    return energies.every(Number.isFinite);
  }

  /** Takes the drift since the window's start, and starts another window where the states are forgotten. */
  async #look(update: number): Promise<DiagnosticWarning | undefined> {
    const counters = this.#counters;
    const count = counters[at.kept];
    const age = update - counters[at.start];
    const isForgotten = counters[at.forgotten] > 0;
    const isEnough = count >= min(fewestStates, this.#kept.rows);
    if (isEnough && (await this.#evaluateKept())) {
      this.#takeDrift(age, isForgotten);
    }
    const isOver = count === 0 || isForgotten || !isEnough;
    if (isOver) await this.#startWindow(update);
    else counters[at.look] = ceil(age * lookFactor);
    return this.#judge();
  }

  #takeDrift(age: number, isForgotten: boolean): void {
    const counters = this.#counters;
    const count = counters[at.kept];
    const spread = sampleVariance(this.#keptEnergies, count);
    const changes = this.#energies.map((energy, index) => energy - this.#keptEnergies[index]);
    const time = isForgotten ? counters[at.forgotten] : age;
    // A window that was made longer than it had to be: a drift that is a random walk is shorter in proportion, any other more so.
    const drift = sampleVariance(changes, count) * (time / age);
    const share = max(this.#share, 1 / (counters[at.windows] + 1));
    counters[at.timeNow] = towards(counters[at.time], time, share);
    counters[at.driftNow] = towards(counters[at.drift], drift, share);
    counters[at.spreadNow] = towards(counters[at.spread], spread, share);
    if (isForgotten) {
      counters[at.time] = counters[at.timeNow];
      counters[at.drift] = counters[at.driftNow];
      counters[at.spread] = counters[at.spreadNow];
      counters[at.windows]++;
    } else {
      // What has not come to its end yet is at least this large.
      counters[at.timeNow] = max(counters[at.time], counters[at.timeNow]);
      counters[at.driftNow] = max(counters[at.drift], counters[at.driftNow]);
    }
  }

  async #startWindow(update: number): Promise<void> {
    const counters = this.#counters;
    const chains = this.#current.rows;
    const groups = this.#kept.rows / chains;
    const group = counters[at.kept] === 0 ? 0 : (counters[at.group] + 1) % groups;
    copyFirstRows(this.#current, visibleRowsOf(this.#kept, group * chains, chains));
    counters[at.group] = group;
    counters[at.kept] = min(counters[at.kept] + chains, this.#kept.rows);
    counters[at.start] = update;
    counters[at.forgotten] = 0;
    counters[at.look] = shortestWindow;
    if (await this.#evaluateKept()) this.#keptEnergies.set(this.#energies.subarray(0, counters[at.kept]));
  }

  /** r, now. */
  get #ratio(): number {
    const { [at.driftNow]: drift, [at.spreadNow]: spread } = this.#counters;
    return spread > 0 ? drift / spread : 0;
  }

  #judge(): DiagnosticWarning | undefined {
    const counters = this.#counters;
    const { [at.driftNow]: drift, [at.timeNow]: time } = counters;
    const ratio = this.#ratio;
    const { lost, follows } = limits;
    if (counters[at.warned] === 1) {
      if (ratio < follows.ratio || drift < follows.drift) counters[at.warned] = 0;
      return undefined;
    }
    if (ratio < lost.ratio || drift < lost.drift) return undefined;
    counters[at.warned] = 1;
    const evidence = this.#figures();
    const { learningRateLimit } = evidence;
    return {
      message:
        `the chains no longer follow the model: lower the learning rate below ${String(learningRateLimit)}, raise k, or use tempering ` +
        `(in the ${inWords(time)} updates that the chains take to forget where they were, their free energies change by ${inWords(sqrt(drift))} nats; ` +
        `among themselves they differ by ${inWords(sqrt(counters[at.spreadNow]))})`,
      evidence,
    };
  }

  /** The figures that need no more computing. */
  #figures(): Findings {
    const counters = this.#counters;
    const { [at.driftNow]: drift, [at.timeNow]: time, [at.spreadNow]: spread } = counters;
    const findings: Record<string, Findings[string]> = {};
    if (counters[at.steps] > 0) {
      findings.flipsPerStep = (counters[at.step] * this.#independent) / this.#current.columns;
    }
    if (spread === 0) return findings;
    const learningRate = this.#context.learningRate();
    const ratio = this.#ratio;
    const { follows } = limits;
    findings.mixingTime = time;
    findings.parameterDrift = sqrt(drift) / time;
    findings.driftPerMixingTime = sqrt(drift);
    findings.freeEnergySpread = sqrt(spread);
    findings.driftRatio = ratio;
    findings.learningRate = learningRate;
    // A drift that is a random walk goes with the learning rate, any other with its square: so this is the safe side. It is of the model as
    // it stands: chains of one that has learned more mix more slowly.
    const factor = drift > 0 ? max(follows.ratio / ratio, follows.drift / drift) : Infinity;
    if (learningRate > 0 && factor <= largestFactor) findings.learningRateLimit = Number((learningRate * factor).toPrecision(2));
    findings.chainsFollow = counters[at.warned] === 0;
    return findings;
  }

  /** Adds the traced chains' distances to the traces, which are thinned out or forget their older half when they are full. */
  #trace(update: number): void {
    const counters = this.#counters;
    const traces = this.#traces;
    const chains = min(this.#current.rows, tracedChains);
    const series = traces.length / traceLength;
    const step = counters[at.traced];
    for (let index = 0; index < series; index++) {
      traces[index * traceLength + step] = squaredDistance(this.#current, index % chains, this.#landmarks, floor(index / chains), 1);
    }
    counters[at.traced]++;
    if (counters[at.traced] < traceLength) return;
    const stride = counters[at.stride];
    const half = traceLength / 2;
    const time = max(counters[at.timeNow], update - counters[at.start]);
    const isTooShort = half * stride < tracedTimes * time;
    // Steps lie at multiples of the stride: of a doubled one it is those that end with the last, or with the one before.
    const first = isTooShort ? 1 - ((update / stride) % 2) : half;
    for (let index = 0; index < series; index++) {
      const start = index * traceLength;
      for (let kept = 0; kept < half; kept++) traces[start + kept] = traces[start + (isTooShort ? first + 2 * kept : half + kept)];
      traces.fill(0, start + half, start + traceLength);
    }
    counters[at.traced] = half;
    if (isTooShort) counters[at.stride] = 2 * stride;
    else if (stride > 1 && half * stride > 8 * tracedTimes * time) {
      counters[at.stride] = stride / 2;
      counters[at.traced] = 0;
      traces.fill(0);
    }
  }

  /** The worst landmark's autocorrelation time, in updates, and R-hat. */
  #figuresOfTraces(): Findings {
    const counters = this.#counters;
    const { [at.stride]: stride, [at.traced]: traced } = counters;
    const length = traced - (traced % traceGrain);
    const last = floor(this.#context.update() / stride) - (traced - length);
    const update = last * stride;
    if (this.#traceFigures?.update === update) return this.#traceFigures.findings;
    const chains = min(this.#current.rows, tracedChains);
    const times: number[] = [];
    const ratios: number[] = [];
    for (let landmark = 0; landmark < this.#landmarks.rows; landmark++) {
      const values = new Float64Array(chains * length);
      for (let chain = 0; chain < chains; chain++) {
        const start = (landmark * chains + chain) * traceLength;
        values.set(this.#traces.subarray(start, start + length), chain * length);
      }
      const traces: Traces = { chains, length, values };
      const time = integratedAutocorrelationTime(traces);
      const ratio = rHat(traces);
      if (time !== undefined) times.push(time * stride);
      if (ratio !== undefined) ratios.push(ratio);
    }
    const findings = {
      ...(times.length > 0 && { integratedAutocorrelationTime: times.reduce((a, b) => max(a, b)) }),
      ...(ratios.length > 0 && { rHat: ratios.reduce((a, b) => max(a, b)) }),
    };
    this.#traceFigures = { update, findings };
    return findings;
  }

  async measure(cooperation: Cooperation): Promise<Findings> {
    const { kernels, model, splits } = this.#context;
    const findings: Record<string, Findings[string]> = { ...this.#figuresOfTraces(), ...this.#figures() };
    if (this.#counters[at.seen] === 1) {
      const ofChains = meanWithError(await freeEnergiesOf(kernels, model, this.#previous, cooperation));
      const ofData = meanWithError(await freeEnergiesOf(kernels, model, someRows(splits.train, dataRows), cooperation));
      findings.freeEnergyGap = ofChains.mean - ofData.mean;
      if (ofChains.standardError !== undefined) {
        const { standardError: other = 0 } = ofData;
        findings.freeEnergyGapStandardError = sqrt(ofChains.standardError * ofChains.standardError + other * other);
      }
    }
    return findings;
  }
}

/** Mixing of persistent chains. */
export const mixing: Diagnostic = {
  name: 'mixing',
  summary: 'whether persistent chains follow the model: autocorrelation, R-hat, flips, drift of the model per mixing time; warns when they do not',
  cost: 'distances of at most 32 chains after every update, about 64 free energies in 25 updates (784×500: 1 % of an update): a fixed part of the chains',
  byDefault: true,
  keys: [],
  refuse({ algorithm, persistentChains }) {
    if (persistentChains !== undefined && algorithm !== 'mean-field') return undefined;
    return {
      message: `training.algorithm ${algorithm} has no persistent chains that could fall behind the model`,
      hint: 'Leave it out, or use training.algorithm sml, tempered-sml or fast-sml.',
    };
  },
  savedBytes({ visibleUnits, visibleLayer, persistentChains = 1, examples }) {
    const chains = min(persistentChains, observedChains);
    const keptRows = floor(observedChains / chains) * chains;
    const stateBytes = visibleUnits * (visibleLayer.kind === 'gaussian' ? 8 : 1);
    const traces = min(landmarkCount, examples) * min(chains, tracedChains) * traceLength;
    return (chains + keptRows) * stateBytes + 8 * (counterNames.length + keptRows + traces);
  },
  start: (context) => new Mixing(context),
};
