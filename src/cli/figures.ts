/**
 * Figures as people read them.
 */

import type { Figures, SplitFigures } from '../estimators/evaluation.js';
import type { Declared } from '../model/units/index.js';
import type { LogPartitionFunctionEstimate } from '../estimators/verdict.js';

/** A number of nats, with as many digits as its error lets matter. */
export function nats(value: number): string {
  if (!(value > -1e9 && value < 1e9)) return value.toPrecision(6);
  return value.toFixed(value > -10 && value < 10 ? 4 : 3);
}

/** What likelihoods are of, where they are no probabilities. */
export function densityOf({ units }: Declared, isStandardized: boolean): string | undefined {
  if (units?.visible !== 'gaussian') return undefined;
  return `densities of the ${isStandardized ? 'standardized values' : 'values'}`;
}

/** The name of a validation figure in prose. */
export function criterionName(criterion: string): string {
  return criterion === 'meanLogLikelihood' ? 'log-likelihood' : 'log pseudo-likelihood';
}

/** Columns padded to equal widths; numbers would be right-aligned by the caller. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n');
}

function likelihood(split: SplitFigures): string {
  if (split.meanLogLikelihood === undefined) return 'unknown';
  const error = split.standardError === undefined ? '' : ` ± ${nats(split.standardError)}`;
  const interval = split.exact || split.logLikelihoodInterval === undefined ? '' : `, 95 % ${split.logLikelihoodInterval.map(nats).join(' … ')}`;
  return `${nats(split.meanLogLikelihood)}${error} (${split.exact ? 'exact log Z' : `estimated log Z${interval}`})`;
}

/** log Z with what it is, its interval, and the verdict. */
export function describeEstimate(estimate: LogPartitionFunctionEstimate): string {
  const { logZ, interval, exact, estimator, bound, heuristic, verdict, evidence } = estimate;
  if (exact) return `log Z = ${nats(logZ)} nats (exact)`;
  const kind = bound === undefined ? '' : `, a ${interval === undefined ? '' : 'stochastic '}${bound} bound`;
  const range = interval === undefined ? '' : `, 95 % interval ${interval.map(nats).join(' … ')}`;
  const lines = [`log Z = ${nats(logZ)} nats (estimated: ${estimator}${kind})${range}`];
  if (heuristic !== undefined) lines.push(`  the interval is heuristic: ${heuristic}`);
  for (const direction of ['forward', 'reverse'] as const) {
    const side = evidence[direction] as { logZ: number; interval: [number, number]; effectiveSampleSize: number; chains: number } | undefined;
    if (side === undefined) continue;
    const name = `${direction} annealing`.padEnd(17);
    lines.push(`  ${name} ${nats(side.logZ)} (${side.interval.map(nats).join(' … ')}), effective sample size ${side.effectiveSampleSize.toFixed(1)} of ${side.chains}`);
  }
  const gap = verdict.gap === undefined ? '' : ` (gap between the directions ${nats(verdict.gap)} nats)`;
  lines.push(`verdict: ${verdict.status}${gap}`);
  for (const reason of verdict.reasons) lines.push(`  because ${reason}`);
  if (verdict.advice.length > 0) lines.push(`  what to do: ${verdict.advice.join('; ')}`);
  return lines.join('\n');
}

/**
 * The figures of every split as a table, with log Z and what the numbers mean.
 *
 * @param why why log Z is not known, where it is not
 */
export function describeFigures(figures: Figures, why: string): string {
  const lines: string[] = [];
  const { logPartitionFunction, splits, freeEnergyGap } = figures;
  if (logPartitionFunction !== undefined) {
    lines.push(describeEstimate(logPartitionFunction));
  } else {
    lines.push(`log Z is not known: ${why}`);
  }
  const rows = [['split', 'examples', 'log-likelihood ± standard error (nats/example)', 'log pseudo-likelihood', 'reconstruction error']];
  for (const [name, split] of Object.entries(splits)) {
    rows.push([
      name,
      String(split.examples),
      likelihood(split),
      split.meanLogPseudoLikelihood === undefined ? '–' : nats(split.meanLogPseudoLikelihood),
      split.meanReconstructionError.toFixed(3),
    ]);
  }
  lines.push(table(rows));
  const subset = Object.values(splits).find((split) => split.pseudoLikelihoodExamples < split.examples);
  if (subset !== undefined) {
    lines.push(`pseudo-likelihood and reconstruction error: the first ${subset.pseudoLikelihoodExamples} examples of each split`);
  }
  if (freeEnergyGap !== undefined) lines.push(`free-energy gap, validation − train: ${nats(freeEnergyGap)} nats`);
  return lines.join('\n');
}

/**
 * The latest figures in a few words, for the progress bar and log lines.
 *
 * @param only the one split to show; all where left out
 */
export function briefFigures(figures: Figures, only?: string): string {
  const splits = Object.entries(figures.splits).filter(([name]) => only === undefined || name === only);
  const parts = splits.map(([name, split]) => {
    const value = split.meanLogLikelihood ?? split.meanLogPseudoLikelihood;
    return value === undefined ? `reconstruction error ${name} ${split.meanReconstructionError.toFixed(3)}` : `${name} ${nats(value)}`;
  });
  const isLikelihood = figures.logPartitionFunction !== undefined;
  const kind = figures.logPartitionFunction?.exact === false ? 'estimated log-likelihood' : 'log-likelihood';
  return `${isLikelihood ? kind : 'log pseudo-likelihood'} ${parts.join(', ')}`;
}
