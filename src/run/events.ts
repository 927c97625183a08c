/**
 * What a run reports while it goes on. The run never prints; the CLI makes a bar, a log line or JSON of these.
 */

import type { Findings } from '../diagnostics/index.js';
import type { Figures } from '../estimators/evaluation.js';

/** What an evaluation finds. */
export interface Evaluation {
  /** Figures of the parameters in training; likelihoods in nats per example. */
  readonly figures: Figures;
  /** Figures of the averaged parameters, where there is an average: these are the run's model. */
  readonly averaged?: Figures;
  /** Figures of the training algorithm, where it has any. */
  readonly algorithm?: Readonly<Record<string, number | readonly number[]>>;
  /** Figures of the diagnostics that were due, by diagnostic, of the parameters in training. */
  readonly diagnostics?: Readonly<Record<string, Findings>>;
}

/** The figures of the run's model. */
export function resultFigures({ figures, averaged }: Evaluation): Figures {
  return averaged ?? figures;
}

/** One event of a run. */
export type RunEvent =
  /** Training starts (or continues) at this update. */
  | { readonly type: 'start'; readonly update: number; readonly length: number; readonly updatesPerEpoch: number; readonly examples: number }
  /** After every update. */
  | { readonly type: 'update'; readonly update: number }
  /** Share done of the evaluation going on. */
  | { readonly type: 'evaluating'; readonly update: number; readonly share: number }
  | ({ readonly type: 'evaluation'; readonly update: number } & Evaluation)
  | { readonly type: 'checkpoint'; readonly update: number; readonly file: string }
  /** `isFailure`: something was to be written and is not, which is told whatever else is not. */
  | { readonly type: 'warning'; readonly message: string; readonly isFailure?: boolean };

/** Receives the events of a run. */
export type Report = (event: RunEvent) => void;
