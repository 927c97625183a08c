/**
 * `rbm-train sweep run`: hands what is not done yet to an engine.
 */

import type { CommonOptions } from '../options.js';
import type { Terminal } from '../terminal.js';
import type { engines } from './index.js';

/** Options of the command. */
export interface RunOptions extends CommonOptions {
  engine: (typeof engines)[number];
  jobs?: string;
  threads?: string;
  chunk?: string;
  time?: string;
  partition?: string;
  account?: string;
  maxParallel?: string;
  warn?: string;
  maxRequeues?: string;
  sbatchArg?: string[];
  wait?: boolean;
  dryRun?: boolean;
}

/** Runs a sweep; returns the exit code. */
export async function run(directory: string, options: RunOptions, terminal: Terminal): Promise<number> {
  if (options.engine === 'slurm') return await (await import('./run-on-slurm.js')).runOnSlurm(directory, options, terminal);
  return await (await import('./run-locally.js')).runLocally(directory, options, terminal);
}
