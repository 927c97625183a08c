/**
 * What a run directory says of a run, finished or not: the one thing that pages and pictures are made from.
 */

import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { RunConfig } from '../config/run-config.js';
import type { Findings } from '../diagnostics/index.js';
import type { Figures } from '../estimators/evaluation.js';

/** One line of metrics.jsonl that has figures. */
export interface MeasuredEvent {
  readonly update: number;
  readonly epoch: number;
  /** Of the run's model (the average where there is one); absent in events that only have diagnostics. */
  readonly splits?: Figures['splits'];
  /** log Z in nats, where it is known. */
  readonly logPartitionFunction?: number;
  readonly freeEnergyGap?: number;
  readonly learningRate?: number;
  readonly momentum?: number;
  /** Figures of the training algorithm, such as swap rates. */
  readonly algorithm?: Findings;
  /** Figures of diagnostics, by diagnostic. */
  readonly diagnostics?: Readonly<Record<string, Findings>>;
}

/** A warning that a diagnostic gave while the run was under way. */
export interface WarningEvent {
  readonly update: number;
  readonly diagnostic: string;
  readonly message: string;
  readonly evidence: Findings;
}

/** A run. */
export interface RunRecord {
  /** Name to show: the last part of the directory's path. */
  readonly name: string;
  readonly path: string;
  /** The resolved config. */
  readonly config: RunConfig;
  /** Evaluations and diagnostics, ascending in updates. */
  readonly events: readonly MeasuredEvent[];
  readonly warnings: readonly WarningEvent[];
  /** Content of result.json; undefined of a run that is not finished. */
  readonly result?: Readonly<Record<string, unknown>>;
  /** The latest checkpoint. */
  readonly checkpoint: Checkpoint;
}
