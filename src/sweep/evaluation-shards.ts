/**
 * Stub until the branch with shards is merged.
 */

import type { LogPartitionFunctionEstimate } from '../estimators/verdict.js';

/** See the branch. */
export interface ShardPlan {
  readonly unit: 'block' | 'chain';
  readonly shards: readonly { readonly id: string; readonly first: number; readonly count: number }[];
}

/** Stub. */
export function isShardDone(_directory: string, _plan: ShardPlan, _index: number): boolean {
  throw new Error('not merged yet');
}

/** Stub. */
export function computeShard(_directory: string, _plan: ShardPlan, _index: number, _context: { threads?: number; pause(): Promise<void>; progress?(share: number): void }): Promise<void> {
  throw new Error('not merged yet');
}

/** Stub. */
export function combineShards(_directory: string, _plan: ShardPlan, _context?: { name?: string; warn?: (message: string) => void }): Promise<LogPartitionFunctionEstimate> {
  throw new Error('not merged yet');
}
