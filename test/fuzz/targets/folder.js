/** A folder for targets whose parser reads files, removed at the end; and the tool's own commands on what lies there. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runMain } from '../../support/run-main.js';
import { unprintable } from '../oracle.js';

let made;

/** The path of a file in this process' folder. */
export function pathOf(name) {
  if (made === undefined) {
    made = mkdtempSync(join(tmpdir(), 'rbm-fuzz-'));
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  }
  return join(made, name);
}

/** Runs a command in the folder; what it printed, and its exit code. @param {readonly string[]} args */
export async function runCommand(args) {
  return { args, ...(await runMain(args, pathOf(''))) };
}

/**
 * Why a command did not end as it should; undefined where it did.
 *
 * @param {readonly number[]} codes that it may end with
 * @param {boolean} [showsNumbers] whether NaN and the like may be the answer: where it shows what the file holds
 */
export function faultOfCommand({ code, args, stdout, stderr }, codes, showsNumbers = false) {
  const command = args[0];
  if (!codes.includes(code)) return `${command} ended with ${code}: ${stderr}`;
  if (unprintable.test(stdout.replaceAll('\t', ' ') + stderr)) return `${command} printed a control character: ${JSON.stringify(stdout + stderr)}`;
  if (/internal error|\n\s+at .*:\d+:\d+/.test(stderr)) return `${command} printed a stack trace: ${stderr}`;
  const errors = stderr.match(/^rbm-train: /gm)?.length ?? 0;
  if (errors !== (code === 0 ? 0 : 1)) return `${command} printed ${errors} errors: ${stderr}`;
  if (!showsNumbers && /NaN|Infinity|undefined|\[object/.test(stdout)) return `${command} printed no numbers: ${stdout}`;
  return undefined;
}
