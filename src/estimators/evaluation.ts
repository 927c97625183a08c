/**
 * All figures of a model on the splits of a dataset: likelihoods with their standard errors, and what remains where the
 * partition function is out of reach.
 */

import { isBinaryMatrix, selectVisibleRows, type Kernels, type Model, type VisibleStates } from '../kernels/index.js';
import type { Cooperation } from '../model/cooperation.js';
import { noShift, type DeclaredShift } from '../model/units/index.js';
import { freeEnergiesOf } from './free-energies.js';
import { logLikelihoodInterval } from './likelihood-interval.js';
import type { LogPartitionFunctionEstimate } from './verdict.js';
import { meanWithError } from './mean.js';
import { shiftEstimate } from './shift-estimate.js';
import { logPseudoLikelihoods } from './pseudo-likelihood.js';
import { reconstructionErrors } from './reconstruction-error.js';

/** Figures of one split. */
export interface SplitFigures {
  readonly examples: number;
  /** Mean log-likelihood, nats per example; absent where log Z is unknown. */
  readonly meanLogLikelihood?: number;
  /** Its standard error over the examples. */
  readonly standardError?: number;
  /** 95 % interval of the mean log-likelihood, with log Z's own error; absent where that is not known. */
  readonly logLikelihoodInterval?: readonly [number, number];
  /** Whether log Z is exact. */
  readonly exact?: boolean;
  /** Mean free energy F(v), nats per example. */
  readonly meanFreeEnergy: number;
  /** Mean log pseudo-likelihood, nats per example, of the first `pseudoLikelihoodExamples` examples; of binary units only. */
  readonly meanLogPseudoLikelihood?: number;
  /** Mean Σ_i (v_i − E[v_i | E[h | v]])² of the same examples, in standard units: {0,1}, or multiples of σ. */
  readonly meanReconstructionError: number;
  readonly pseudoLikelihoodExamples: number;
}

/** Figures of a model on a dataset. */
export interface Figures {
  readonly logPartitionFunction?: LogPartitionFunctionEstimate;
  readonly splits: Readonly<Record<string, SplitFigures>>;
  /**
   * Mean free energy of the validation set minus that of as many training examples, nats per example: grows when the
   * model overfits. Needs no partition function.
   */
  readonly freeEnergyGap?: number;
}

/** What to compute. */
export interface EvaluationRequest {
  /** Computes or estimates log Z; where left out, there are no likelihoods. */
  readonly logPartitionFunction?: (model: Model, cooperation: Cooperation) => Promise<LogPartitionFunctionEstimate>;
  readonly pseudoLikelihoodExamples: number;
  /** From the model's standard units to the declared ones that figures are given in; none where left out. */
  readonly shift?: DeclaredShift;
  /** Receives F(v) of every example of every split, in nats: log p(v) = −F(v) − log Z. */
  readonly onFreeEnergies?: (split: string, energies: Float64Array) => void;
}

/** The first `count` rows, or all where there are fewer. */
function firstRows(examples: VisibleStates, count: number): VisibleStates {
  if (count >= examples.rows) return examples;
  return selectVisibleRows(examples, Uint32Array.from({ length: count }, (_, index) => index));
}

async function splitFigures(
  kernels: Kernels,
  model: Model,
  examples: VisibleStates,
  energies: Float64Array,
  estimate: LogPartitionFunctionEstimate | undefined,
  request: EvaluationRequest,
  cooperation: Cooperation,
): Promise<SplitFigures> {
  const sample = firstRows(examples, request.pseudoLikelihoodExamples);
  const isBinary = model.visibleLayer.kind === 'binary' && isBinaryMatrix(sample);
  const pseudo = isBinary ? meanWithError(await logPseudoLikelihoods(kernels, model, sample, cooperation)) : undefined;
  const errors = meanWithError(await reconstructionErrors(kernels, model, sample, cooperation));
  const { mean, standardError } = meanWithError(energies);
  return {
    examples: examples.rows,
    ...(estimate !== undefined && {
      meanLogLikelihood: -mean - estimate.logZ,
      standardError,
      logLikelihoodInterval: logLikelihoodInterval(mean, standardError, examples.rows, estimate),
      exact: estimate.exact,
    }),
    meanFreeEnergy: mean,
    ...(pseudo !== undefined && { meanLogPseudoLikelihood: pseudo.mean }),
    meanReconstructionError: errors.mean,
    pseudoLikelihoodExamples: sample.rows,
  };
}

/**
 * Figures of a model on every split.
 *
 * @param model of standard units
 * @param splits examples in standard units, by name; `train` and `validation` together give the free-energy gap
 * @throws whatever `cooperation.pause` throws
 */
export async function evaluateModel(
  kernels: Kernels,
  model: Model,
  splits: Readonly<Record<string, VisibleStates>>,
  request: EvaluationRequest,
  cooperation: Cooperation = {},
): Promise<Figures> {
  const { energy, logVolume } = request.shift ?? noShift;
  const standard = await request.logPartitionFunction?.(model, cooperation);
  const estimate = standard && shiftEstimate(standard, logVolume - energy);
  // Only the partition function takes long enough for its progress to be shown.
  const quiet: Cooperation = { pause: cooperation.pause };
  const figures: Record<string, SplitFigures> = {};
  const energies: Record<string, Float64Array> = {};
  for (const [name, examples] of Object.entries(splits)) {
    const ofStandard = await freeEnergiesOf(kernels, model, examples, quiet);
    energies[name] = energy === 0 ? ofStandard : ofStandard.map((value) => value + energy);
    request.onFreeEnergies?.(name, energies[name]);
    figures[name] = await splitFigures(kernels, model, examples, energies[name], estimate, request, quiet);
  }
  const { train, validation } = energies;
  if (train === undefined || validation === undefined) return { logPartitionFunction: estimate, splits: figures };
  const compared = train.subarray(0, Math.min(train.length, validation.length));
  const freeEnergyGap = meanWithError(validation).mean - meanWithError(compared).mean;
  return { logPartitionFunction: estimate, splits: figures, freeEnergyGap };
}

/**
 * Whether log Z and every figure of the splits are finite; where not, log-probabilities are too large for float64. Intervals may
 * have an infinite end, where nothing more is known.
 */
export function areFiguresFinite({ logPartitionFunction, splits }: Figures): boolean {
  const isNumber = (value: unknown): boolean => (Array.isArray(value) ? !value.some(Number.isNaN) : typeof value !== 'number' || Number.isFinite(value));
  const { logZ, interval } = logPartitionFunction ?? {};
  return [logZ, interval, ...Object.values(splits).flatMap((split) => Object.values(split))].every(isNumber);
}
