/**
 * SIGKILL, and file-system calls that fail, while report.html is written: the run is complete without it, and whoever continues
 * it, or asks for it, has it.
 */

import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { temporaryFiles } from '../context.js';
import { shortTraining } from '../trainings.js';

const withReport = { RBM_TRAIN_REPORT: 'always' };

/** @type {import('../context.js').Fault} */
export const reportWrites = {
  name: 'the report is being written',
  async *run(context) {
    const run = context.newRun();
    const log = join(context.folder, `calls-${basename(run)}.json`);
    const { code, stderr } = await context.run(context.arguments(shortTraining, run), { preload: 'at-file-call.cjs', env: { ...withReport, FAULT_FOLDER: run, FAULT_LOG: log } });
    if (code !== 0) throw new Error(`the report could not be written: ${stderr}`);
    const report = readFileSync(join(run, 'report.html'), 'utf8');
    const places = [...JSON.parse(readFileSync(log, 'utf8')).entries()].filter(([, call]) => call.includes('report'));
    for (const [number, call] of context.some(places, 2)) {
      for (const deed of call.startsWith('writeSync') ? ['kill', 'kill half'] : ['kill']) {
        yield { what: `${deed} at call ${number}: ${call}`, failure: await killed(context, { number, deed, report }) };
      }
    }
    yield { what: 'a folder in its place', failure: await withoutReport(context) };
  },
};

/** @returns why a run that was killed there does not end as one that nothing happened to */
async function killed(context, { number, deed, report }) {
  const run = context.newRun();
  const { signal } = await context.run(context.arguments(shortTraining, run), { preload: 'at-file-call.cjs', env: { ...withReport, FAULT_FOLDER: run, FAULT_CALL: String(number), FAULT_DO: deed } });
  if (signal !== 'SIGKILL') return `it was not killed, but ended by ${signal}`;
  const unfinished = await context.compare(shortTraining, run, { mayLeaveTemporaryFiles: true });
  if (unfinished !== undefined) return `before it was continued: ${unfinished}`;
  const failure = await context.recover(shortTraining, run, { env: withReport });
  if (failure !== undefined) return failure;
  return readFileSync(join(run, 'report.html'), 'utf8') === report ? undefined : 'report.html differs from that of a training that nothing happened to';
}

/** @returns why a run whose report can't be written is not complete without it */
async function withoutReport(context) {
  const run = context.newRun();
  const stopped = await context.run([...context.arguments(shortTraining, run), '--set', 'training.updates=2']);
  if (stopped.code !== 0) return `the first half ended with ${stopped.code}: ${stopped.stderr}`;
  mkdirSync(join(run, 'report.html', 'mine'), { recursive: true });
  const { code, stderr } = await context.run(context.arguments(shortTraining, run), { env: withReport });
  if (code !== 0) return `it ended with ${code}: ${stderr}`;
  if (!stderr.includes('the run is complete without its report')) return `it does not say that there is no report: ${stderr}`;
  if (!existsSync(join(run, 'report.html', 'mine'))) return 'it removed a folder that was not its own';
  rmdirSync(join(run, 'report.html', 'mine'));
  rmdirSync(join(run, 'report.html'));
  const made = await context.run(['report', run]);
  if (made.code !== 0 || !existsSync(join(run, 'report.html'))) return `rbm-train report ended with ${made.code}: ${made.stderr}`;
  if (temporaryFiles(run).length > 0) return `temporary files are left: ${temporaryFiles(run).join(', ')}`;
  return context.compare(shortTraining, run);
}
