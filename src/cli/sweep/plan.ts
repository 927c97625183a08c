/**
 * `rbm-train sweep plan`.
 */

import { join, resolve } from 'node:path';
import { makeFolder } from '../../checkpoint/atomic-write.js';
import { RunDirectory } from '../../checkpoint/run-directory.js';
import { exitCodes, printable, RbmError } from '../../errors.js';
import { stoppablePause } from '../../run/stop-request.js';
import { hasManifest, manifestPath, writeManifest } from '../../sweep/manifest.js';
import { planSweep } from '../../sweep/plan.js';
import { loadSweepFile } from '../../sweep/sweep-file.js';
import { jsonText } from '../json-output.js';
import { refuseEmpty, type CommonOptions } from '../options.js';
import { shellWord, shortPath } from '../paths.js';
import type { Terminal } from '../terminal.js';

/** Options of the command. */
export interface PlanOptions extends CommonOptions {
  dir: string;
  results?: string;
}

/** Makes the manifest; returns the exit code. */
export async function plan(file: string, options: PlanOptions, terminal: Terminal): Promise<number> {
  const { workingDirectory } = terminal;
  refuseEmpty('<sweep-file>', file);
  refuseEmpty('--dir', options.dir);
  refuseEmpty('--results', options.results);
  const directory = resolve(workingDirectory, options.dir);
  const results = options.results === undefined ? join(directory, 'tasks') : resolve(workingDirectory, options.results);
  if (!hasManifest(directory) && new RunDirectory(directory).holdsRun()) {
    throw new RbmError('usage', `${printable(directory, 1000)}: is the directory of a run, not of a sweep`, { hint: 'Choose another directory.' });
  }
  const sweepFile = await loadSweepFile({ file, workingDirectory });
  const pause = stoppablePause(terminal.listenForStop());
  const { manifest, twins } = await planSweep({ sweepFile, directory, results, pause });
  if (twins.length > 0 && !options.quiet) {
    const [{ setting, task }] = twins;
    const others = twins.length > 1 ? `, and ${twins.length - 1} more such` : '';
    terminal.err(`note: setting ${setting} is the same training as task ${task}${others}: trained once\n`);
  }
  // Better now than in every task.
  if (options.results !== undefined) makeFolder(results);
  const isNew = writeManifest(directory, manifest);
  const { tasks } = manifest;
  const path = manifestPath(directory);
  if (options.json) {
    terminal.out(`${jsonText({ manifest: path, isNew, tasks: tasks.length, results })}\n`);
    return exitCodes.ok;
  }
  const short = shortPath(directory, workingDirectory);
  terminal.out(`${tasks.length} task${tasks.length === 1 ? '' : 's'}, ${isNew ? 'written to' : 'as before in'} ${printable(shortPath(path, workingDirectory), 1000)}\n`);
  if (!options.quiet) terminal.err(`next: rbm-train sweep run ${shellWord(short)}\n`);
  return exitCodes.ok;
}
