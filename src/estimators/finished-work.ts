/**
 * What a long estimation has finished so far, kept by its caller, so that after an interruption it continues there.
 */

import type { Cooperation } from '../model/cooperation.js';

/**
 * A store of finished pieces of one estimation: of one model, by one estimator with one set of options; the caller sees
 * to that. An estimator must give the same bits with the pieces that it finds as without them.
 */
export interface FinishedWork {
  /** The values last kept under `name`, in this process or an earlier one. Estimators check that they can be theirs. */
  get(name: string): Float64Array | undefined;
  /** Keeps the values; they are not copied, so they must not change any more. Cheap: files are written now and then only. */
  set(name: string, values: Float64Array): void;
}

/** What a long estimation reports to, gives way to, and continues from. */
export interface ContinuedCooperation extends Cooperation {
  readonly finished?: FinishedWork;
}
