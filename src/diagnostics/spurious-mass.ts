/**
 * Spurious mass: where the model puts its probability, by Hamming distance from the nearest training example.
 *
 * The negative phase of contrastive divergence never leaves the neighbourhood of the data, so that probability which the model
 * piles up elsewhere is never pushed down (G. Hinton, "A practical guide to training restricted Boltzmann machines", 2010; Goodfellow,
 * Bengio & Courville, "Deep Learning", section 18.2: spurious modes). This shows it: the model's mass at each distance beside the
 * share of held-out examples there, the total beyond a distance, and the worst states. Exact where all visible states can be visited,
 * otherwise from tempered samples, with standard errors. Binary visible units only; ±1 units appear as {0,1}.
 *
 * Probability can also be in the right places and yet unevenly: where the modes of the data lie far apart, CD knows the surroundings
 * of each, but not how much of the whole each has. So there is the imbalance among the examples, too (exact only): of a CD-1 of 20
 * million steps on 4×4 bars and stripes, 0.1 % of the mass was spurious, but two of the 30 patterns had 45 to 79 % of the rest.
 *
 * It carries nothing from update to update. Kept are constants: distances between data and data.
 */

import { canonicalSum, getUnit, isBinaryMatrix, exp, visibleRowsOf, type BinaryMatrix, type VisibleStates } from '../kernels/index.js';
import { exactLogPartitionFunction } from '../estimators/exact-log-partition-function.js';
import { freeEnergiesOf } from '../estimators/free-energies.js';
import { baseVisibleBias } from '../model/base-rate.js';
import type { Cooperation } from '../model/cooperation.js';
import { getParameters } from '../model/parameters.js';
import type { DiagnosedTraining, Diagnostic, DiagnosticContext, Finding, Findings } from './diagnostic.js';
import { canVisitAllStates, enumerateMass } from './enumerated-mass.js';
import { distancesOfAllStates, mostUnitsOfAllStates, nearestDistances } from './hamming-distance.js';
import { climbToLocalMaxima } from './local-maxima.js';
import { findModes, meanOverEnsembles, sampledMassCost, sampleDistances, shareOverEnsembles } from './sampled-mass.js';

const { floor, max, min } = Math;

/** Its name, which its random streams have, too. */
const name = 'spuriousMass';

/** Share of held-out examples that lie within the distance beyond which mass is totalled where the config gives none. */
const shareWithin = 0.95;

/** Most held-out examples whose distance is looked for by comparison. */
const mostComparedExamples = 1000;

/** Most training examples that climb to the modes of the data. */
const mostDataClimbers = 64;

/** The values of the keys. */
interface Settings {
  readonly method: 'auto' | 'exact' | 'tempered';
  readonly beyond?: number;
  readonly modes: number;
  readonly samples: number;
  readonly rungs: number;
}

/** How mass is measured. */
function methodOf(training: DiagnosedTraining, { method }: Settings): 'exact' | 'tempered' {
  if (method === 'exact' || method === 'tempered') return method;
  return canVisitAllStates(training.visibleUnits, training.hiddenUnits) ? 'exact' : 'tempered';
}

/** The split that stands for fresh data; undefined where there is none. */
function heldOutSplit(splits: readonly string[]): string | undefined {
  return ['validation', 'test'].find((split) => splits.includes(split));
}

/** Examples that must be packed {0,1}; `refuse` has seen to it. */
function binary(states: VisibleStates): BinaryMatrix {
  if (!isBinaryMatrix(states)) throw new RangeError('states that are not binary have no Hamming distance');
  return states;
}

/** The units of a row as a word of 0 and 1. */
function stateString(states: BinaryMatrix, row: number): string {
  let text = '';
  for (let unit = 0; unit < states.columns; unit++) text += String(getUnit(states, row, unit));
  return text;
}

/** How many of these distances are 0, 1, …, up to the largest, as shares; at least `levels` of them. */
function sharesByDistance(distances: Uint32Array, levels: number): number[] {
  const counts: number[] = Array.from({ length: levels }, () => 0);
  for (const distance of distances) {
    while (counts.length <= distance) counts.push(0);
    counts[distance] += 1;
  }
  return counts.map((count) => count / distances.length);
}

/** Share of these distances that is larger. */
function shareBeyond(distances: Uint32Array, beyond: number): number {
  let count = 0;
  for (const distance of distances) count += distance > beyond ? 1 : 0;
  return count / distances.length;
}

/** The smallest distance that {@link shareWithin} of the held-out examples lie within; 0 without any. */
function usualDistance(heldOut: Uint32Array | undefined): number {
  if (heldOut === undefined) return 0;
  let distance = 0;
  while (shareBeyond(heldOut, distance) > 1 - shareWithin) distance++;
  return distance;
}

/** Mean of distances. */
function meanOf(distances: Uint32Array): number {
  return meanOverEnsembles(distances).mean;
}

/** What is known of the data: found once, by the first measurement. */
interface DataDistances {
  /** Of all states, where they are numbered. */
  readonly ofStates?: Uint8Array;
  /** Shares of the training examples by number of the state, where they are numbered. */
  readonly shares?: ReadonlyMap<number, number>;
  /** Of held-out examples. */
  readonly heldOut?: Uint32Array;
  readonly beyond: number;
}

/** What share of the examples each state has, of those that occur; n ≤ 32. */
function sharesOfStates({ rows, words, wordsPerRow }: BinaryMatrix): Map<number, number> {
  const counts = new Map<number, number>();
  for (let row = 0; row < rows; row++) counts.set(words[row * wordsPerRow], (counts.get(words[row * wordsPerRow]) ?? 0) + 1);
  return new Map([...counts].map(([state, count]) => [state, count / rows]));
}

/** The distances of the data. */
async function measureData(
  { splits }: DiagnosticContext,
  method: 'exact' | 'tempered',
  settings: Settings,
  cooperation: Cooperation,
): Promise<DataDistances> {
  const train = binary(splits.train);
  const split = heldOutSplit(Object.keys(splits));
  const examples = split === undefined || splits[split].rows === 0 ? undefined : binary(splits[split]);
  const ofStates = method === 'exact' ? await distancesOfAllStates(train, cooperation) : undefined;
  let heldOut: Uint32Array | undefined;
  if (examples !== undefined && ofStates !== undefined) {
    heldOut = Uint32Array.from({ length: examples.rows }, (_, row) => ofStates[examples.words[row * examples.wordsPerRow]]);
  } else if (examples !== undefined) {
    heldOut = await nearestDistances(binary(visibleRowsOf(examples, 0, min(examples.rows, mostComparedExamples))), train, cooperation);
  }
  return {
    ...(ofStates !== undefined && { ofStates, shares: sharesOfStates(train) }),
    ...(heldOut !== undefined && { heldOut }),
    beyond: settings.beyond ?? usualDistance(heldOut),
  };
}

/** The whole numbers 0 … length − 1. */
function upTo(length: number): number[] {
  return Array.from({ length }, (_, distance) => distance);
}

/** What there is to say of held-out examples. */
function heldOutFindings(heldOut: Uint32Array | undefined, levels: number): Findings {
  if (heldOut === undefined) return {};
  return { heldOut: sharesByDistance(heldOut, levels), heldOutMeanDistance: meanOf(heldOut) };
}

/** Of the whole distribution, exactly. */
async function measureExactly(
  { kernels, model }: DiagnosticContext,
  { ofStates = new Uint8Array(0), shares = new Map<number, number>(), heldOut, beyond }: DataDistances,
  modeCount: number,
  cooperation: Cooperation,
): Promise<Findings> {
  const found = await enumerateMass(kernels, getParameters(model), ofStates, shares, { beyond, modeCount }, cooperation);
  if (found === undefined) return {};
  const { masses, modes, imbalance } = found;
  const states = { rows: modes.length, columns: model.visibleUnits, wordsPerRow: 1, words: Uint32Array.from(modes, ({ state }) => state) };
  return {
    method: 'exact',
    distances: upTo(masses.length),
    model: [...masses],
    ...heldOutFindings(heldOut, masses.length),
    beyond: {
      distance: beyond,
      model: canonicalSum(masses.slice(beyond + 1)),
      ...(heldOut !== undefined && { heldOut: shareBeyond(heldOut, beyond) }),
    },
    meanDistance: canonicalSum(masses.map((mass, distance) => mass * distance)),
    ...(Number.isFinite(imbalance) && { imbalance }),
    worst: modes.map(({ probability, distance }, row) => ({ state: stateString(states, row), probability, distance })),
  };
}

/**
 * The worst modes among samples, with what can be said of their probability: the probability itself where log Z is affordable, and
 * always log p minus the mean log p of the local maxima that training examples climb to.
 */
async function worstOfSamples(
  { kernels, model, splits, training }: DiagnosticContext,
  samples: Awaited<ReturnType<typeof sampleDistances>>,
  beyond: number,
  modeCount: number,
  cooperation: Cooperation,
): Promise<Finding[]> {
  if (modeCount === 0) return [];
  const train = binary(splits.train);
  const { states, modes } = await findModes(kernels, model, samples, train, { beyond, modeCount }, cooperation);
  if (modes.length === 0) return [];
  const { pause } = cooperation;
  const giveWay = pause === undefined ? {} : { pause };
  // Of many units, every mode is far more probable than what is drawn around it: it is compared with the modes of the data.
  const compared = binary(visibleRowsOf(train, 0, min(train.rows, mostDataClimbers)));
  const { states: ofData, arrived } = await climbToLocalMaxima(kernels, model, compared, giveWay);
  const energies = (await freeEnergiesOf(kernels, model, ofData, giveWay)).filter((_, row) => arrived[row] === 1);
  const ofDataModes = canonicalSum(energies) / energies.length;
  const logPartitionFunction = training.isEnumerable ? await exactLogPartitionFunction(kernels, getParameters(model), giveWay) : undefined;
  return modes.map(({ row, freeEnergy, distance, share }) => ({
    state: stateString(states, row),
    ...(logPartitionFunction !== undefined &&
      Number.isFinite(logPartitionFunction) && {
        probability: exp(-freeEnergy - logPartitionFunction),
        logProbability: -freeEnergy - logPartitionFunction,
      }),
    ...(Number.isFinite(ofDataModes) && { logRatioToDataModes: ofDataModes - freeEnergy }),
    distance,
    share,
  }));
}

/** Of tempered samples. */
async function measureSamples(
  context: DiagnosticContext,
  { heldOut, beyond }: DataDistances,
  settings: Settings,
  cooperation: Cooperation,
): Promise<Findings> {
  const { kernels, model, splits, seed, update } = context;
  const train = binary(splits.train);
  const base = baseVisibleBias('data', train, model.visibleLayer);
  // Every measurement has samples of its own, so that their errors do not repeat from one to the next.
  const samples = await sampleDistances(kernels, model, base, train, settings, `${seed}/diagnostics/${name}/${update()}`, cooperation);
  const { distances, roundTrips, smallestSwapRate } = samples;
  let levels = 1;
  for (const distance of distances) levels = max(levels, distance + 1);
  for (const distance of heldOut ?? []) levels = max(levels, distance + 1);
  const curve = upTo(levels).map((level) => shareOverEnsembles(distances.map((distance) => (distance === level ? 1 : 0))));
  const far = shareOverEnsembles(distances.map((distance) => (distance > beyond ? 1 : 0)));
  const { mean, standardError } = meanOverEnsembles(distances);
  return {
    method: 'tempered',
    samples: distances.length,
    roundTrips,
    ...(Number.isFinite(smallestSwapRate) && { smallestSwapRate }),
    distances: upTo(levels),
    model: curve.map((share) => share.mean),
    standardErrors: curve.map((share) => share.standardError),
    ...heldOutFindings(heldOut, levels),
    beyond: {
      distance: beyond,
      model: far.mean,
      standardError: far.standardError,
      ...(heldOut !== undefined && { heldOut: shareBeyond(heldOut, beyond) }),
    },
    meanDistance: mean,
    meanDistanceStandardError: standardError,
    worst: await worstOfSamples(context, samples, beyond, settings.modes, cooperation),
  };
}

/** Spurious mass. */
export const spuriousMass: Diagnostic = {
  name,
  summary: 'where the model puts its probability, by Hamming distance from the nearest training example; the worst spurious modes',
  cost:
    'exact: 3 ns for every visible state and hidden unit and 100 ns for every state, of at most 2^24 states and 2^30 states × units (2^16 × 16: 10 to 20 ms); ' +
    'tempered: (20 + samples/20)·10 Gibbs steps of 20·rungs chains, every sample against every training example (784 × 500: some 15 s)',
  byDefault: false,
  keys: [
    {
      name: 'method',
      meaning: 'how mass is measured',
      type: {
        kind: 'choice',
        values: ['auto', 'exact', 'tempered'],
        meanings: ['exact where all visible states can be visited, else tempered', 'by visiting all visible states', 'from tempered samples, with standard errors'],
      },
      default: 'auto',
    },
    {
      name: 'beyond',
      meaning:
        'the mass farther than this from every training example is totalled, and modes are looked for there; where left out, the distance that ' +
        '95 % of the held-out examples lie within, and 0 without held-out examples',
      type: { kind: 'integer', minimum: 0 },
    },
    { name: 'modes', meaning: 'how many of the most probable spurious modes are shown', type: { kind: 'integer', minimum: 0, maximum: 100 }, default: 5 },
    {
      name: 'samples',
      meaning: 'number of tempered samples, where the mass is not exact',
      type: { kind: 'integer', minimum: 40, maximum: 1_000_000 },
      default: 1000,
    },
    { name: 'rungs', meaning: 'inverse temperatures on the ladder of tempered samples', type: { kind: 'integer', minimum: 2, maximum: 4096 }, default: 20 },
  ],
  refuse(training, values) {
    const settings = values as unknown as Settings;
    const { visibleUnits, hiddenUnits, visibleLayer } = training;
    if (visibleLayer.kind !== 'binary') {
      return {
        message: `${name} counts the binary units in which states differ; the visible units of this model are ${visibleLayer.kind}`,
        hint: `Leave ${name} out, or use binary data.`,
      };
    }
    if (methodOf(training, settings) === 'exact') {
      if (canVisitAllStates(visibleUnits, hiddenUnits)) return undefined;
      return {
        message:
          `${name} by method exact visits 2^${visibleUnits} states of ${hiddenUnits} hidden units; the limits are ${mostUnitsOfAllStates} visible units, ` +
          'and 2^30 states × hidden units',
        hint: 'Use method auto or tempered.',
      };
    }
    const { cost, limit } = sampledMassCost(settings.samples, settings.rungs, training);
    if (!(cost > limit)) return undefined;
    return {
      message:
        `${name} with ${settings.samples} samples and ${settings.rungs} rungs takes ${cost.toExponential(1)} chain steps × visible × hidden units ` +
        `in every measurement; the limit is ${limit.toExponential(1)}`,
      hint: `Use fewer samples or rungs: about ${max(2, floor((settings.rungs * limit) / cost))} rungs are affordable with these samples.`,
    };
  },
  start(context) {
    const settings = context.settings as unknown as Settings;
    const method = methodOf(context.training, settings);
    let data: DataDistances | undefined;
    return {
      tensors: {},
      async measure(cooperation) {
        data ??= await measureData(context, method, settings, cooperation);
        return method === 'exact'
          ? measureExactly(context, data, settings.modes, cooperation)
          : measureSamples(context, data, settings, cooperation);
      },
    };
  },
};
