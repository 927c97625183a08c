/**
 * Slurm's own commands: run, and what they print handed back. Nothing here knows what a sweep is.
 */

import { spawn } from 'node:child_process';
import { printable, RbmError } from '../errors.js';
import { systemCode } from '../file-errors.js';

/** The commands that are used. */
export type SlurmCommand = 'sbatch' | 'squeue' | 'scontrol';

/**
 * Variables by which the user's environment would have it otherwise than the scripts and commands say: another list of elements,
 * no signal, an sbatch that waits for the end of the job, an squeue that leaves jobs out.
 */
const contrary = /^(SQUEUE_.*|SCONTROL_.*|SBATCH_(ARRAY_INX|ERROR|JOB_NAME|NO_REQUEUE|OPEN_MODE|OUTPUT|REQUEUE|SIGNAL|WAIT))$/;

/** Array sizes of clusters that nobody has configured. */
export const defaultMaxArraySize = 1001;

/**
 * Runs a command of Slurm and waits for its end.
 *
 * @param folder where it is run; jobs start there
 * @returns what it wrote to stdout
 * @throws RbmError 'usage' where there is no Slurm; 'runtime', with what it wrote to stderr, where it fails
 */
export function runSlurm(command: SlurmCommand, args: readonly string[], folder?: string): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !contrary.test(name)));
  return new Promise((resolve, reject) => {
    const fail = (words: string, cause?: Error): void =>
      reject(new RbmError('runtime', `${command} failed: ${printable(words.replaceAll(/\s*\n\s*/g, '; '), 1000)}`, { hint: 'What was submitted before is not lost: rbm-train sweep status shows it. Run it again when Slurm answers.', cause }));
    // Out of reach of the terminal's Ctrl-C: an sbatch that it ends may have submitted the job, and nobody knows its number.
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: command === 'sbatch', ...(folder !== undefined && { cwd: folder }) });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error) => {
      if (systemCode(error) !== 'ENOENT') fail(error.message, error);
      else reject(new RbmError('usage', `${command}: not found: Slurm is not installed here`, { hint: 'Use --engine local, or run it on a login node of the cluster.' }));
    });
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else fail(stderr.trim() || (signal === null ? `exit code ${code}` : `ended by ${signal}`));
    });
  });
}

/**
 * Submits a batch script.
 *
 * @param args the script last, options before it
 * @param folder where the job starts
 * @returns the job's id
 * @throws RbmError as {@link runSlurm}
 */
export async function submit(args: readonly string[], folder: string): Promise<string> {
  const answer = await runSlurm('sbatch', ['--parsable', ...args], folder);
  // Where there are several clusters, the cluster's name stands behind the number.
  const id = /^(\d+)(;\S*)?$/m.exec(answer.trim())?.[1];
  if (id !== undefined) return id;
  throw new RbmError('runtime', `sbatch: ${printable(answer.trim() || 'no answer')}: is no job number`, { hint: 'Look for the job with squeue.' });
}

/**
 * Whether jobs can be submitted from here; nothing is said of the cluster.
 *
 * @throws RbmError 'usage' where there is no Slurm
 */
export async function requireSlurm(): Promise<void> {
  await runSlurm('sbatch', ['--version']);
}

/**
 * The cluster's MaxArraySize: the numbers of an array's elements are below it.
 *
 * @throws RbmError as {@link runSlurm}
 */
export async function maxArraySize(): Promise<number> {
  const size = Number(/^MaxArraySize\s*=\s*(\d+)\s*$/m.exec(await runSlurm('scontrol', ['show', 'config']))?.[1] ?? NaN);
  return size > 0 ? size : defaultMaxArraySize;
}
