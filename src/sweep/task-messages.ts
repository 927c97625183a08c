/**
 * What a process that does tasks tells the one that started it, over Node.js's own channel between them.
 */

import type { TaskFailure } from './sweep.js';

/** One message. */
export type TaskMessage =
  /** How far a task is; `latest` are its latest figures in words. At most a few a second. */
  | { readonly type: 'progress'; readonly index: number; readonly share: number; readonly latest: string }
  | { readonly type: 'warning'; readonly index: number; readonly message: string }
  /** A task has ended; `there` where its result was there already. */
  | { readonly type: 'end'; readonly index: number; readonly outcome: 'done' | 'there' | 'stopped' }
  | { readonly type: 'end'; readonly index: number; readonly outcome: 'failed'; readonly failure: TaskFailure };
