/**
 * Intervals of mean log-likelihoods: the data's sampling error and log Z's own together; and of differences between models.
 */

import { meanWithError } from './mean.js';
import { studentQuantile } from './mean-weight.js';
import type { LogPartitionFunctionEstimate } from './verdict.js';

const { sqrt } = Math;

/** Half-widths of a 95 % interval, below and above. */
interface Margins {
  readonly below: number;
  readonly above: number;
}

function combined(...margins: readonly Margins[]): Margins {
  return {
    below: sqrt(margins.reduce((sum, { below }) => sum + below * below, 0)),
    above: sqrt(margins.reduce((sum, { above }) => sum + above * above, 0)),
  };
}

/** Of the sampling error of a mean of `count` examples; none where it is not known. */
function samplingMargins(standardError: number | undefined, count: number): Margins {
  const half = standardError === undefined ? 0 : studentQuantile(count - 1) * standardError;
  return { below: half, above: half };
}

/** What intervals need of an estimate of log Z. */
export type LogPartitionFunctionWithError = Pick<LogPartitionFunctionEstimate, 'logZ' | 'interval'>;

/** Of log Z: a larger log Z makes a likelihood smaller. None where nothing is known of its error. */
function logZMargins({ logZ, interval }: LogPartitionFunctionWithError): Margins | undefined {
  return interval && { below: interval[1] - logZ, above: logZ - interval[0] };
}

/**
 * 95 % interval of the mean log-likelihood, nats per example: both errors in quadrature; undefined where log Z has no interval.
 *
 * @param meanFreeEnergy of the examples
 * @param standardError of that mean; undefined for one example
 */
export function logLikelihoodInterval(
  meanFreeEnergy: number,
  standardError: number | undefined,
  count: number,
  estimate: LogPartitionFunctionEstimate,
): [number, number] | undefined {
  const margins = logZMargins(estimate);
  if (margins === undefined) return undefined;
  const centre = -meanFreeEnergy - estimate.logZ;
  const { below, above } = combined(samplingMargins(standardError, count), margins);
  return [centre - below, centre + above];
}

/** How much better one model explains the same examples than another. */
export interface PairedComparison {
  /** Mean of log p(v) − log p_other(v), nats per example. */
  readonly difference: number;
  /** Standard error over the examples, of the differences. */
  readonly standardError?: number;
  /** 95 % interval, with both log Z's errors; absent where one of them is not known. */
  readonly interval?: readonly [number, number];
}

/** Compares two models by the free energies of the same examples. */
export function comparePaired(
  energies: Float64Array,
  estimate: LogPartitionFunctionWithError,
  otherEnergies: Float64Array,
  otherEstimate: LogPartitionFunctionWithError,
): PairedComparison {
  const differences = energies.map((energy, row) => otherEnergies[row] - energy);
  const { mean, standardError } = meanWithError(differences);
  const difference = mean - estimate.logZ + otherEstimate.logZ;
  const comparison = { difference, ...(standardError !== undefined && { standardError }) };
  const [own, other] = [logZMargins(estimate), logZMargins(otherEstimate)];
  if (own === undefined || other === undefined) return comparison;
  const { below, above } = combined(samplingMargins(standardError, energies.length), own, { below: other.above, above: other.below });
  return { ...comparison, interval: [difference - below, difference + above] };
}
