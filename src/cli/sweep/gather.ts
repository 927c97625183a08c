/**
 * `rbm-train sweep gather`: the table of a sweep, ranked, and its page; of an estimate in shards, the estimate.
 *
 * What is not complete is gathered as far as it is there; the exit code and the message say what is missing. Where no task is
 * finished or diverged there is no page, and one from before stays.
 */

import { join } from 'node:path';
import { writeFileAtomically } from '../../checkpoint/atomic-write.js';
import { exitCodes, printable, RbmError } from '../../errors.js';
import { stoppablePause } from '../../run/stop-request.js';
import { combineShards } from '../../sweep/evaluation-shards.js';
import { eventsOf, gatherSweep, resultsOf, writeTables } from '../../sweep/gather.js';
import { namedRanges, rangesText } from '../../sweep/ranges.js';
import { isTrainingSweep, openSweep, shardPlanOf, type Sweep, type TrainingSweep } from '../../sweep/sweep.js';
import { describeEstimate } from '../figures.js';
import { jsonText } from '../json-output.js';
import type { CommonOptions } from '../options.js';
import { shellWord, shortPath } from '../paths.js';
import { warner } from '../remarks.js';
import type { Terminal } from '../terminal.js';
import { describeGathered } from './gather-text.js';

/** Options of the command. */
export interface GatherOptions extends CommonOptions {
  report: boolean;
}

/** What a directory is called in commands: where a job of Slurm gathers, it is the folder that it is in. */
function nameOf(directory: string, terminal: Terminal): string {
  return directory === terminal.workingDirectory ? directory : shortPath(directory, terminal.workingDirectory);
}

function announce(files: readonly string[], options: GatherOptions, terminal: Terminal): void {
  if (options.quiet) return;
  for (const file of files) terminal.err(`wrote ${printable(shortPath(file, terminal.workingDirectory), 1000)}\n`);
}

async function gatherTrainings(sweep: TrainingSweep, options: GatherOptions, terminal: Terminal): Promise<void> {
  const { directory, length } = sweep;
  const gathered = await gatherSweep(sweep, stoppablePause(terminal.listenForStop()));
  const { missing, runs } = gathered;
  const files = writeTables(directory, gathered);
  if (options.report && process.env.RBM_TRAIN_REPORT !== 'never' && missing.length < length) {
    const page = join(directory, 'sweep.html');
    const { writeSweepPage } = await import('../../report/sweep-page.js');
    const warn = warner(options, terminal);
    await writeSweepPage(page, { ...gathered, eventsOf: (setting) => eventsOf(sweep, setting, runs, warn) });
    files.push(page);
  }
  terminal.out(`${options.json ? jsonText(resultsOf(gathered)) : describeGathered(gathered)}\n`);
  announce(files, options, terminal);
  if (missing.length > 0) {
    throw new RbmError('incomplete', `${missing.length} of ${length} tasks have no result: ${rangesText(missing, namedRanges)}`, {
      hint: `rbm-train sweep run ${shellWord(nameOf(directory, terminal))} does them.`,
    });
  }
}

async function gatherEstimate(sweep: Sweep, options: GatherOptions, terminal: Terminal): Promise<void> {
  const name = shellWord(nameOf(sweep.directory, terminal));
  const estimate = await combineShards(sweep.directory, shardPlanOf(sweep), { name, warn: warner(options, terminal) });
  const file = join(sweep.directory, 'results.json');
  writeFileAtomically(file, `${JSON.stringify({ kind: 'evaluation', isComplete: true, logPartitionFunction: estimate }, undefined, 2)}\n`);
  terminal.out(`${options.json ? jsonText(estimate) : describeEstimate(estimate)}\n`);
  announce([file], options, terminal);
}

/** Gathers a sweep; returns the exit code. */
export async function gather(path: string, options: GatherOptions, terminal: Terminal): Promise<number> {
  const sweep = openSweep(path, terminal.workingDirectory);
  await (isTrainingSweep(sweep) ? gatherTrainings(sweep, options, terminal) : gatherEstimate(sweep, options, terminal));
  return exitCodes.ok;
}
