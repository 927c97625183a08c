/**
 * Too little memory: `ulimit -v`, V8's own limit, a cgroup where one can be made. The result is right, or there is one
 * message; where Node.js itself can't go on it says so in its own way, and at least no file is half written.
 */

import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { faultOfMessage } from '../context.js';
import { largeModel } from '../trainings.js';

/** Where control groups are made, and their limit; of version 2 where that is all there is. */
const [controlGroups, limitFile] = existsSync('/sys/fs/cgroup/cgroup.controllers') ? ['/sys/fs/cgroup', 'memory.max'] : ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'];

/** Whether Node.js ended itself: out of memory, it aborts with a report that no program can stop. */
function isAbort({ code, signal, stderr }) {
  const isReported = /FATAL ERROR|Fatal (?:JavaScript|process)|out of memory|pthread_create|Check failed|node\[\d+\]|Fatal error/i.test(stderr);
  return (['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGSEGV'].includes(signal) || [133, 134].includes(code)) && (isReported || stderr === '');
}

/** What is left, and how it ended. */
async function attempt(context, training, what, options, args = []) {
  const run = context.newRun();
  const outcome = await context.run([...context.arguments(training, run), ...args], options);
  const isKilled = outcome.signal === 'SIGKILL' || outcome.code === 137;
  const kind = isKilled ? 'killed by the system' : isAbort(outcome) ? 'Node.js gave up' : outcome.code === 0 ? 'right' : 'message';
  const message = kind === 'right' || kind === 'message' ? faultOfMessage(outcome, [0, 1]) : undefined;
  return { what: `${training.name}, ${what}`, failure: message ?? (await context.recover(training, run)), kind };
}

/** @type {import('../context.js').Fault} */
export const addressSpace = {
  name: 'ulimit -v',
  async *run(context) {
    const sizes = [600, 700, 800, 1000, 1500, 2000, 4000, 6000, 12_000];
    const trainings = [context.trainings[0], context.trainings[1], largeModel];
    for (const training of context.some(trainings, 1)) {
      for (const size of context.some(sizes, 2)) yield attempt(context, training, `${size} MB of address space`, { shell: `ulimit -c 0 -v ${size}000` });
    }
  },
};

/** @type {import('../context.js').Fault} */
export const heap = {
  name: 'small V8 heap',
  async *run(context) {
    for (const training of context.some([context.trainings[0], largeModel], 1)) {
      for (const size of context.some([5, 10, 15, 20, 30, 50], 1)) {
        yield attempt(context, training, `${size} MB of heap`, { shell: 'ulimit -c 0', env: { NODE_OPTIONS: `--max-old-space-size=${size}` } });
      }
    }
  },
};

/** @type {import('../context.js').Fault} */
export const memoryGroup = {
  name: 'memory limit of a cgroup',
  async *run(context) {
    const group = join(controlGroups, `rbm-train-faults-${process.pid}`);
    try {
      mkdirSync(group);
      if (!existsSync(join(group, limitFile))) throw new Error('the memory controller is not there');
    } catch (error) {
      if (existsSync(group)) rmdirSync(group);
      yield { what: 'a cgroup', skip: `none can be made here: ${error.message}` };
      return;
    }
    try {
      for (const size of context.some([50, 80, 100, 150, 200, 300, 500], 1)) {
        writeFileSync(join(group, limitFile), `${size}M`);
        yield await attempt(context, largeModel, `${size} MB`, { shell: `echo $$ > ${group}/cgroup.procs` });
      }
    } finally {
      rmdirSync(group);
    }
  },
};
