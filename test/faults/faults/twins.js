/** Two and more processes on one run directory at once: of the same training, and of another. */

import { existsSync, writeFileSync } from 'node:fs';

import { faultOfMessage, outcomeOf, sleep } from '../context.js';
import { fileCalls, fileOf } from './kill-in-writes.js';

const ways = [[], ['--backend', 'reference'], ['--threads', '2'], ['--threads', '3']];

/** The same training in several processes that start within a second, on other threads and backends. */
/** @type {import('../context.js').Fault} */
export const twins = {
  name: 'twins on one run directory',
  async *run(context) {
    for (let round = 0; round < (context.bounded ? 2 : 8); round++) {
      const training = context.trainings[context.below(context.trainings.length)];
      const { seconds } = await context.reference(training);
      const run = context.newRun();
      const count = round % 2 === 0 ? 2 : 4;
      // In every other round one of them is killed.
      const isKilling = round % 4 >= 2 || context.bounded;
      const outcomes = Array.from({ length: count }, async (_, index) => {
        await sleep(context.random() * seconds * 0.5);
        const child = context.start([...context.arguments(training, run), ...ways[index]]);
        if (isKilling && index === 0) setTimeout(() => child.kill('SIGKILL'), 1000 * context.random() * seconds * 2);
        return outcomeOf(child);
      });
      const ended = await Promise.all(outcomes);
      const unexpected = ended.map((outcome, index) => (isKilling && index === 0 && outcome.signal === 'SIGKILL' ? undefined : faultOfMessage(outcome, [0])));
      const failure = unexpected.find((text) => text !== undefined) ?? (await context.recover(training, run));
      yield { what: `${training.name}, ${count} processes${isKilling ? ', one killed' : ''}`, failure, kind: `${count} processes` };
    }
  },
};

/** Waits until a file is there or the process has ended. */
async function fileThere(file, outcome) {
  const hasEnded = outcome.then(() => true);
  while (!existsSync(file) && !(await Promise.race([hasEnded, sleep(0.005)])));
}

/**
 * A training is held at one of its file-system calls while another takes over its directory, and let go while the other is
 * under way. It must say so and end; the other comes to its own end, also where it is killed and continued.
 *
 * @param args how the other is started; with none, whoever is not told that there is another one has the directory
 */
async function* takeovers(context, other, args, chosen) {
  const held = context.trainings[0];
  const calls = await fileCalls(context, held);
  for (const number of context.some(chosen(calls), 2)) {
    const run = context.newRun();
    const go = `${run}-go`;
    const env = { FAULT_FOLDER: run, FAULT_CALL: String(number), FAULT_DO: 'wait', FAULT_AWAY: go };
    const first = context.follow(context.arguments(held, run), { preload: 'at-file-call.cjs', env });
    await fileThere(`${go}.waiting`, first.outcome);
    const second = context.follow([...context.arguments(other, run).filter((word) => args.length === 0 || word !== '--resume-or-start'), ...args]);
    await second.seen(new RegExp(`^update ${1 + context.below(20)}/`, 'm'));
    second.child.kill('SIGKILL');
    await second.outcome;
    writeFileSync(go, '');
    const outcome = await first.outcome;
    const isTold = outcome.code !== 1 || /another training has been started|was removed, moved or emptied/.test(outcome.stderr);
    const owner = outcome.code === 0 && args.length === 0 ? held : other;
    const failure = faultOfMessage(outcome, [0, 1]) ?? (isTold ? await context.recover(owner, run) : `not told why: ${outcome.stderr.slice(-300)}`);
    yield { what: `held at call ${number}: ${calls[number]}; ${outcome.stderr.slice(-200)}`, failure, kind: fileOf(calls[number]) };
  }
}

/** Numbers of the calls of a training, at most so many. */
const spread = (count) => (calls) => Array.from({ length: count }, (_, index) => Math.floor((index * calls.length) / count));

/** Another training takes the directory by --force. */
/** @type {import('../context.js').Fault} */
export const takeover = {
  name: 'another training takes over by --force',
  run: (context) => takeovers(context, context.trainings[1], ['--force'], spread(16)),
};

/** The same training is started again by --force. */
/** @type {import('../context.js').Fault} */
export const restart = {
  name: 'the same training starts again by --force',
  run: (context) => takeovers(context, context.trainings[0], ['--force'], spread(8)),
};

/** Two trainings start at the same time, each before it can see the other. */
/** @type {import('../context.js').Fault} */
export const bothStart = {
  name: 'another training starts at the same time',
  run: (context) => takeovers(context, context.trainings[1], [], (calls) => [...calls.keys()].slice(0, calls.findIndex((call) => call.startsWith('renameSync /.checkpoints') || call.includes('update-')) + 1)),
};

/** Another training is refused a directory that is taken, whether its training runs or not. */
/** @type {import('../context.js').Fault} */
export const refused = {
  name: 'another training in a directory that is taken',
  async *run(context) {
    const [own, other] = context.trainings;
    const run = context.newRun();
    const first = context.follow(context.arguments(own, run));
    await first.seen(/^update 2\//m);
    const args = context.arguments(other, run);
    for (const given of [args, args.filter((word) => word !== '--resume-or-start')]) {
      const outcome = await context.run(given);
      const isTold = /can't be continued: .*training.algorithm|already holds a run/.test(outcome.stderr);
      yield { what: given.join(' '), failure: faultOfMessage(outcome, [2]) ?? (isTold ? undefined : outcome.stderr) };
    }
    const failure = faultOfMessage(await first.outcome, [0]) ?? (await context.compare(own, run));
    yield { what: 'the training that was there', failure };
  },
};
