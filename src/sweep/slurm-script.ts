/**
 * Text of batch scripts for Slurm. Their last line is `exec node …`: a process that is a child of bash is never told of the
 * signals that Slurm sends to the script.
 *
 * sbatch reads the `#SBATCH` lines by rules of its own, bash the last line: each has its quoting.
 */

import { basename, join } from 'node:path';
import { printable, RbmError } from '../errors.js';
import { rangesText } from './ranges.js';

/** What the scripts of a sweep have in common. */
export interface ScriptSettings {
  /** Absolute path of the sweep's directory. */
  readonly directory: string;
  /** What starts the tool: absolute paths of Node.js and of the file it runs. */
  readonly program: readonly string[];
  /** As sbatch takes them; left out where sbatch is to decide. */
  readonly time?: string;
  readonly partition?: string;
  readonly account?: string;
  /** One line for sbatch each. */
  readonly sbatchArguments: readonly string[];
}

/** What the scripts of job arrays have beside that. */
export interface ArraySettings extends ScriptSettings {
  /** Tasks to an element. */
  readonly chunk: number;
  /** Elements that run at a time. */
  readonly maxParallel?: number;
  /** Seconds before the time limit at which USR2 comes. */
  readonly warn: number;
  readonly maxRequeues: number;
  /** Of each task; where left out 1, which is what Slurm gives an element that asks for no more. */
  readonly threads?: number;
}

/** One job array. */
export interface ArrayPiece {
  /** What is added to the number of an element to make the number of a chunk. */
  readonly offset: number;
  /** Numbers of the elements, ascending, each below MaxArraySize. */
  readonly elements: readonly number[];
}

/** Characters of a list of elements: sbatch reads lines into a buffer of 8192, and clusters may allow less. */
const longestList = 4000;

/** A word of a line for sbatch, its quotes included. */
const sbatchWord = /(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|\\.|[^\s"'\\])+/g;

/** Options that are not the user's: as sbatch takes them, shortened, and in one word with others that have no value. */
const refusedOptions: readonly { readonly option: RegExp; readonly why: string; readonly hint?: string }[] = [
  { option: /^(--j|-[HIkKOQsvW]*J)/, why: "jobs are known by their name, which is the directory's" },
  { option: /^(--ar|-[HIkKOQsvW]*a)/, why: 'which elements an array has follows from what is missing' },
  { option: /^(--wait$|-[HIkKOQsv]*W)/, why: 'sbatch would wait for the end of each job before the next is submitted', hint: 'Use --wait of rbm-train sweep run.' },
  { option: /^(--clusters|-[HIkKOQsvW]*M)/, why: 'squeue and scontrol would ask another cluster', hint: 'Set SLURM_CLUSTERS, which all of them heed.' },
];

/**
 * Seconds of a time limit, as sbatch takes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes or
 * days-hours:minutes:seconds.
 *
 * @returns undefined of no limit, and of what sbatch will refuse
 */
export function timeLimitSeconds(text: string): number | undefined {
  const [, days, rest] = /^(?:(\d+)-)?(\d+(?::\d+){0,2})$/.exec(text) ?? [];
  if (rest === undefined) return undefined;
  const numbers = rest.split(':').map(Number);
  const [hours, minutes, seconds] = days !== undefined || numbers.length === 3 ? numbers : [0, ...numbers];
  return (((Number(days ?? 0) * 24 + hours) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) || undefined;
}

/** Folder of the scripts, logs and submitted jobs. */
export function slurmFolder(directory: string): string {
  return join(directory, 'slurm');
}

/** Name of the jobs of a sweep, in characters that every display of a queue has. */
export function jobName(directory: string): string {
  return `sweep-${basename(directory).replaceAll(/[^A-Za-z0-9._-]/g, '_')}`.slice(0, 60);
}

/** A word for the shell. */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** A value in a `#SBATCH` line: sbatch knows quotes, backslashes (but none before a space outside of quotes) and comments there. */
function sbatchQuoted(value: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(value) ? value : `"${value.replaceAll(/[\\"'#]/g, '\\$&')}"`;
}

/** @throws RbmError 'usage' where a text has a line break, which would start a line of its own */
function refuseLineBreaks(what: string, text: string): void {
  if (/[\r\n]/.test(text)) throw new RbmError('usage', `${what} ${printable(text)}: has a line break, which a batch script can't hold`, { hint: 'Leave it out, or choose another name.' });
}

/**
 * Refuses what no batch script can say.
 *
 * @throws RbmError 'usage'
 */
export function checkSettings({ directory, program, time, partition, account, sbatchArguments }: ScriptSettings): void {
  for (const path of [directory, ...program]) refuseLineBreaks('the path', path);
  if (directory.includes('\\')) {
    throw new RbmError('usage', `the path ${printable(directory)}: has a backslash, with which Slurm fills in no numbers of jobs: all logs would be one file`, { hint: 'Move or rename the directory.' });
  }
  for (const [option, text] of Object.entries({ '--time': time, '--partition': partition, '--account': account })) refuseLineBreaks(option, text ?? '');
  for (const text of sbatchArguments) {
    refuseLineBreaks('--sbatch-arg', text);
    if (!text.startsWith('-')) throw new RbmError('usage', `--sbatch-arg ${printable(text)}: is no option of sbatch`, { hint: 'Write it with its dashes: --sbatch-arg=--mem=4G.' });
    // A line may have several options.
    const words = text.match(sbatchWord) ?? [];
    const refusal = refusedOptions.find(({ option }) => words.some((word) => option.test(word)));
    if (refusal !== undefined) throw new RbmError('usage', `--sbatch-arg ${printable(text)}: ${refusal.why}`, { hint: refusal.hint ?? 'Leave it out.' });
  }
}

/**
 * Elements as job arrays: in pieces where their numbers are too large for the cluster, or the list of them gets too long.
 *
 * @param chunks numbers of chunks, ascending
 * @param maxArraySize the cluster's MaxArraySize
 */
export function piecesOf(chunks: readonly number[], maxArraySize: number): ArrayPiece[] {
  const pieces: { offset: number; elements: number[]; length: number }[] = [];
  for (const chunk of chunks) {
    const last = pieces.at(-1);
    // At most this much longer: it may only make a range longer.
    const more = String(chunk).length + 1;
    if (last !== undefined && chunk - last.offset < maxArraySize && last.length + more <= longestList) {
      const isRange = last.elements.at(-1) === chunk - last.offset - 1 && last.elements.at(-2) === chunk - last.offset - 2;
      last.elements.push(chunk - last.offset);
      if (!isRange) last.length += more;
      continue;
    }
    const offset = chunk < maxArraySize ? 0 : chunk;
    pieces.push({ offset, elements: [chunk - offset], length: more });
  }
  return pieces.map(({ offset, elements }) => ({ offset, elements }));
}

function scriptText({ directory, program, time, partition, account, sbatchArguments }: ScriptSettings, options: readonly string[], log: string, words: readonly string[]): string {
  // The file name is a pattern: % stands before what is filled in.
  const output = `${slurmFolder(directory).replaceAll('%', '%%')}/logs/${log}`;
  const given = Object.entries({ time, partition, account }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${sbatchQuoted(value)}`]));
  const lines = [`--job-name=${jobName(directory)}`, ...options, '--requeue', '--open-mode=append', `--output=${sbatchQuoted(output)}`, ...given, ...sbatchArguments];
  const command = [...program, 'sweep', ...words].map((word) => (/^[a-z0-9-]+$/.test(word) ? word : shellQuoted(word)));
  return `#!/bin/bash\n${lines.map((line) => `#SBATCH ${line}\n`).join('')}exec ${command.join(' ')}\n`;
}

/**
 * The batch script of a job array. Checked by {@link checkSettings} before.
 *
 * @returns text, with a line end at its end
 */
export function arrayScript(settings: ArraySettings, { offset, elements }: ArrayPiece): string {
  const { directory, chunk, maxParallel, warn, maxRequeues, threads } = settings;
  const options = [
    `--array=${rangesText(elements)}${maxParallel === undefined ? '' : `%${maxParallel}`}`,
    `--signal=B:USR2@${warn}`,
    ...(threads === undefined ? [] : [`--cpus-per-task=${threads}`]),
  ];
  const numbers = ['--chunk', chunk, '--offset', offset, '--max-requeues', maxRequeues, '--threads', threads ?? 1];
  return scriptText(settings, options, '%A_%a.log', ['task', directory, ...numbers.map(String)]);
}

/** The batch script that gathers; as {@link arrayScript}. */
export function gatherScript(settings: ScriptSettings): string {
  return scriptText(settings, [], 'gather-%j.log', ['gather', settings.directory]);
}
