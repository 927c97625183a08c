/**
 * What a run reports while it goes on. The run never prints; the CLI makes a bar, a log line or JSON of these.
 */

import type { Figures } from '../estimators/evaluation.js';

/** One event of a run. */
export type RunEvent =
  /** Training starts (or continues) at this update. */
  | { readonly type: 'start'; readonly update: number; readonly length: number; readonly updatesPerEpoch: number; readonly examples: number }
  /** After every update. */
  | { readonly type: 'update'; readonly update: number }
  /** Share done of the evaluation going on. */
  | { readonly type: 'evaluating'; readonly update: number; readonly share: number }
  | { readonly type: 'evaluation'; readonly update: number; readonly figures: Figures }
  | { readonly type: 'checkpoint'; readonly update: number; readonly file: string }
  | { readonly type: 'warning'; readonly message: string };

/** Receives the events of a run. */
export type Report = (event: RunEvent) => void;
