/**
 * The signals that ask for a stop: once and twice, while the process starts, trains, and computes an exact log Z. What is
 * saved is continued by the command that was printed.
 */

import { existsSync } from 'node:fs';

import { faultOfMessage, sleep } from '../context.js';
import { slowEvaluation } from '../trainings.js';

const codes = { SIGTERM: 143, SIGINT: 130, SIGUSR2: 75 };

/** Seconds in which a process must have ended after a signal; it needs some hundredths on a machine that is not busy. */
const patience = 20;

/** Why the end of a stopped process is not right; undefined where it is. */
async function faultOfStop(context, training, run, signal, outcome, seconds) {
  if (seconds > patience) return `it ended ${seconds.toFixed(1)} s after the signal`;
  // Before the first handler is there, the signal itself ends the process, and nothing has been written.
  if (outcome.signal === signal) return existsSync(run) ? `${signal} ended it, without a word` : context.recover(training, run);
  const message = faultOfMessage(outcome, [codes[signal], 0]);
  if (message !== undefined) return message;
  if (outcome.code === 0) return context.compare(training, run);
  const [, path] = /to continue:\n {2}rbm-train --resume (\S+)\n$/.exec(outcome.stderr) ?? [];
  if (path === undefined) return outcome.stderr.endsWith(`rbm-train: stopped by ${signal}\n`) ? context.recover(training, run) : `no word of how to continue: ${outcome.stderr.slice(-300)}`;
  const resumed = await context.run(['--resume', path, '--quiet']);
  return faultOfMessage(resumed, [0]) ?? context.compare(training, run);
}

/** Every signal in every moment, sent so often, so many seconds apart. */
async function* stops(context, times, gap) {
  const usual = context.trainings[1];
  const moments = [
    ['starting', usual],
    ['training', usual],
    ['exact log Z', slowEvaluation],
  ];
  const cases = Object.keys(codes).flatMap((signal) => moments.map(([moment, training]) => ({ signal, moment, training })));
  for (let round = 0; round < (context.bounded ? 1 : 5); round++) {
    for (const { signal, moment, training } of context.some(cases, 3)) {
      const { startSeconds } = await context.reference(training);
      const run = context.newRun();
      const { child, outcome, seen } = context.follow(context.arguments(training, run));
      if (moment === 'starting') await sleep(context.random() * startSeconds);
      else {
        await seen(moment === 'training' ? new RegExp(`^update ${1 + context.below(55)}/`, 'm') : /^update 1\//m);
        await sleep(context.random() * (moment === 'training' ? 0.01 : 0.5));
      }
      const start = performance.now();
      child.kill(signal);
      for (let time = 1; time < times; time++) {
        await sleep(gap);
        child.kill(signal);
      }
      const ended = await outcome;
      const failure = await faultOfStop(context, training, run, signal, ended, (performance.now() - start) / 1000);
      yield { what: `${signal} while ${moment}, ${training.name}`, failure, kind: moment };
    }
  }
}

/** @type {import('../context.js').Fault} */
export const signalOnce = { name: 'SIGTERM, SIGINT, SIGUSR2 once', run: (context) => stops(context, 1, 0) };

/** Twice within a hundredth of a second (as to a process and to its group), so that both meet a process that stops. */
/** @type {import('../context.js').Fault} */
export const signalTwice = { name: 'SIGTERM, SIGINT, SIGUSR2 twice', run: (context) => stops(context, 2, 0.01) };

/** What batch systems do to those who take too long. */
/** @type {import('../context.js').Fault} */
export const signalThenKill = {
  name: 'SIGTERM, then SIGKILL',
  async *run(context) {
    for (let round = 0; round < (context.bounded ? 1 : 20); round++) {
      const training = context.trainings[context.below(context.trainings.length)];
      const run = context.newRun();
      const { child, outcome, seen } = context.follow(context.arguments(training, run));
      await seen(new RegExp(`^update ${1 + context.below(55)}/`, 'm'));
      const gap = context.random() * 0.03;
      child.kill('SIGTERM');
      await sleep(gap);
      child.kill('SIGKILL');
      await outcome;
      yield { what: `${training.name}, SIGKILL ${gap.toFixed(3)} s after SIGTERM`, failure: await context.recover(training, run) };
    }
  },
};

/** A hang-up where the process holds no terminal, as nohup leaves it. */
/** @type {import('../context.js').Fault} */
export const hangUp = {
  name: 'SIGHUP under nohup',
  async *run(context) {
    for (let round = 0; round < (context.bounded ? 1 : 5); round++) {
      const training = context.trainings[1];
      const run = context.newRun();
      const { child, outcome, seen } = context.follow(context.arguments(training, run), { shell: 'trap "" HUP' });
      await seen(new RegExp(`^update ${1 + context.below(50)}/`, 'm'));
      child.kill('SIGHUP');
      const failure = faultOfMessage(await outcome, [0]) ?? (await context.compare(training, run));
      yield { what: training.name, failure };
    }
  },
};
