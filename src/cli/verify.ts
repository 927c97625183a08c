/**
 * `rbm-train verify`: trains a run again from its own config, in a temporary place, and compares the digests.
 */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLeftover, ownSuffix } from '../checkpoint/atomic-write.js';
import { parametersDigest } from '../checkpoint/digest.js';
import { RunDirectory } from '../checkpoint/run-directory.js';
import { exitCodes, printable, RbmError } from '../errors.js';
import { fileError } from '../file-errors.js';
import { loadRunConfig, openRunDirectory } from '../run/open-run.js';
import { prepareRun } from '../run/prepare.js';
import { trainRun } from '../run/train-run.js';
import { collectGarbage } from './collect-garbage.js';
import type { CommonOptions, DefineCommand } from './options.js';
import { progressDisplay } from './progress.js';
import { warner } from './remarks.js';
import { stopSignals } from './stop-signals.js';
import type { Terminal } from './terminal.js';

interface VerifyOptions extends CommonOptions {
  allowIncomplete?: boolean;
}

/** The digest that a run claims, and after how many updates. */
function claim(
  directory: RunDirectory,
  path: string,
  allowIncomplete: boolean,
  warn: (message: string) => void,
): { digest: string; updates: number; source: string } {
  const result = directory.readJson(directory.result);
  if (result !== undefined) {
    const { digest, updates } = result;
    const isDigest = typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest);
    if (isDigest && Number.isSafeInteger(updates) && (updates as number) >= 0) {
      return { digest: digest as string, updates: updates as number, source: 'result.json' };
    }
    throw new RbmError('data', `${printable(directory.result)}: has no digest, or no number of updates`, {
      hint: 'The file is damaged; --resume writes it again from the latest checkpoint.',
    });
  }
  const checkpoint = directory.readLatestCheckpoint(warn);
  if (checkpoint === undefined) {
    throw new RbmError('usage', `${printable(path)}: nothing to verify: neither result.json nor a checkpoint`);
  }
  if (!allowIncomplete) {
    throw new RbmError('incomplete', `${printable(path)}: the run is not finished: it has no result.json, and stands at update ${checkpoint.progress.update}`, {
      hint: 'Finish it with --resume, or verify its latest checkpoint with --allow-incomplete.',
    });
  }
  return { digest: parametersDigest(checkpoint.parameters), updates: checkpoint.progress.update, source: 'its latest checkpoint' };
}

/** Says so at once where the data has changed: no digest could match. */
function checkSameData(directory: RunDirectory, fingerprint: string, path: string, warn: (message: string) => void): void {
  const trainedOn = directory.readLatestCheckpoint(warn)?.identity.dataFingerprint;
  if (trainedOn === undefined || trainedOn === fingerprint) return;
  throw new RbmError('digestMismatch', `${printable(path)}: the data is not what the run was trained on (its fingerprint differs)`, {
    hint: 'Restore the data.',
  });
}

/** Start of the names of the folders that runs are trained again in. */
const folderName = '.rbm-train-verify.';

/** A new folder; those of verifications that were killed are removed, as far as they can be. */
function temporaryFolder(): string {
  const parent = tmpdir();
  try {
    for (const name of readdirSync(parent)) {
      if (name.startsWith(folderName) && isLeftover(name)) rmSync(join(parent, name), { recursive: true, force: true });
    }
  } catch {
    // Of another user, or in use: they harm nobody.
  }
  try {
    return mkdtempSync(join(parent, `${folderName}${ownSuffix}`));
  } catch (error) {
    throw fileError(error, parent, { code: 'runtime', action: "no folder can be made here", hint: 'Set TMPDIR to a folder that can be written.' });
  }
}

async function verify(path: string, options: VerifyOptions, terminal: Terminal): Promise<number> {
  const directory = openRunDirectory(path, terminal.workingDirectory);
  const warn = warner(options, terminal);
  const { digest, updates, source } = claim(directory, path, options.allowIncomplete === true, warn);
  const set = [`training.updates=${updates}`, 'evaluation.every=never', 'evaluation.logLikelihood=never', 'checkpoint.every={epochs: 1000000000}'];
  const loaded = await loadRunConfig(directory, set, terminal.workingDirectory);
  const stop = terminal.listenForStop();
  const prepared = await prepareRun(loaded);
  checkSameData(directory, prepared.dataset.fingerprint, path, warn);
  collectGarbage();
  const temporary = temporaryFolder();
  try {
    const display = await progressDisplay(terminal, prepared.config.log, options.quiet === true);
    const outcome = await trainRun({
      prepared,
      directory: new RunDirectory(join(temporary, 'run')),
      stop,
      report: display.report,
    }).finally(() => {
      display.end();
      return prepared.kernels.close();
    });
    if (outcome.status === 'stopped') {
      terminal.err(`stopped by ${outcome.signal}; nothing was verified\n`);
      return stopSignals[outcome.signal];
    }
    const actual = outcome.result.digest;
    const verified = actual === digest;
    if (options.json) terminal.out(`${JSON.stringify({ verified, updates, expected: digest, digest: actual })}\n`);
    if (!verified) {
      throw new RbmError('digestMismatch', `${printable(path)}: digest mismatch: ${source} says ${digest}, training again gives ${actual}`, {
        hint: 'The result was not made by this config, data and numerics version, or was changed.',
      });
    }
    if (!options.json) terminal.out(`verified: ${updates} updates again give digest ${actual}\n`);
    return exitCodes.ok;
  } finally {
    removeFolder(temporary, warn);
  }
}

/** What can't be removed is left where such things are left: the verdict stands. */
function removeFolder(folder: string, warn: (message: string) => void): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    warn(fileError(error, folder, { code: 'runtime', action: "can't be removed" }).message);
  }
}

/** Defines the command. */
export const verifyCommand: DefineCommand = (command, terminal, finish) => {
  command
    .option('--allow-incomplete', 'of a run that is not finished, verify the latest checkpoint')
    .action(async (run: string, options: VerifyOptions) => {
      finish(await verify(run, options, terminal));
    });
};
