/**
 * The figure that a run is judged by: the log-likelihood where it is known, else the log pseudo-likelihood.
 */

import type { SplitFigures } from '../estimators/evaluation.js';
import type { Point } from './charts.js';
import type { RunRecord } from './run-record.js';

/** A figure of a split, in nats per example; larger is better. */
export interface Criterion {
  readonly name: 'log-likelihood' | 'log pseudo-likelihood';
  /** Its value, with the 95 % interval where that is known. */
  read(figures: SplitFigures): Omit<Point, 'x'> | undefined;
}

const logLikelihood: Criterion = {
  name: 'log-likelihood',
  read: ({ meanLogLikelihood, logLikelihoodInterval }) => {
    if (meanLogLikelihood === undefined) return undefined;
    const [low, high] = logLikelihoodInterval ?? [undefined, undefined];
    return { y: meanLogLikelihood, low, high };
  },
};

const logPseudoLikelihood: Criterion = {
  name: 'log pseudo-likelihood',
  read: ({ meanLogPseudoLikelihood }) => (meanLogPseudoLikelihood === undefined ? undefined : { y: meanLogPseudoLikelihood }),
};

/** The figures, the better one first. */
export const criteria: readonly Criterion[] = [logLikelihood, logPseudoLikelihood];

/** What a run can be judged by; undefined where it has no such figure. */
export function criterionOf({ events }: RunRecord): Criterion | undefined {
  return criteria.find(({ read }) => events.some(({ splits }) => Object.values(splits ?? {}).some((figures) => read(figures) !== undefined)));
}
