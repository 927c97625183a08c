/**
 * SIGKILL at random instants to the pool of a sweep, and to single processes of it: running it again, each time among what
 * the last one has left running, leaves of every task what the same training alone does.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { faultOfMessage, outcomeOf } from '../context.js';

const seeds = ['a', 'b', 'c'];

/** Processes that a process has started, from Linux; none elsewhere. */
function childrenOf(processId) {
  const file = `/proc/${processId}/task/${processId}/children`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ').filter((word) => word !== '').map(Number) : [];
}

/** Ends a process that may have ended by itself just now; whether there was one. */
function kill(processId) {
  try {
    return process.kill(processId, 'SIGKILL');
  } catch {
    return false;
  }
}

/** Plans a sweep of one training with every seed. */
async function plan(context, training, directory) {
  const file = `${directory}.json`;
  writeFileSync(file, JSON.stringify({ config: context.configFile(training), seeds }));
  return faultOfMessage(await context.run(['sweep', 'plan', file, '--dir', directory]), [0]);
}

/** What is wrong with a sweep that should be done. */
async function faultOfSweep(context, training, directory) {
  const { tasks } = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'));
  for (const { id, values } of tasks) {
    const run = join(directory, 'tasks', id);
    if (existsSync(join(run, 'failure.json'))) return `failure.json is left: ${readFileSync(join(run, 'failure.json'), 'utf8')}`;
    // One that was killed when its result was there has been told done, and is not looked at again.
    const failure = await context.compare(withSeed(training, values.seed), run, { mayLeaveTemporaryFiles: true, mayLackEnd: true });
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function withSeed(training, seed) {
  return { ...training, name: `${training.name} ${seed}`, config: training.config.replace("seed: 'faults'", `seed: '${seed}'`) };
}

/** @type {import('../context.js').Fault} */
export const sweepPool = {
  name: 'the pool of a sweep is killed',
  async *run(context) {
    for (const training of context.some(context.trainings, 1)) {
      let seconds = 0;
      for (const seed of seeds) seconds += (await context.reference(withSeed(training, seed))).seconds;
      let left = context.bounded ? 4 : 12;
      while (left > 0) {
        const directory = context.newRun();
        let failure = await plan(context, training, directory);
        const hits = [];
        for (let isDone = failure !== undefined; !isDone; ) {
          const pool = context.start(['sweep', 'run', directory, '-j', '2', '--threads', '1']);
          const target = context.random() < 0.5 ? 'pool' : 'task';
          const [instant, choice] = [context.random() * seconds * 0.7, context.random()];
          const shoot = () => {
            const children = childrenOf(pool.pid);
            if (kill(target === 'pool' ? pool.pid : children[Math.floor(choice * children.length)])) hits.push({ target, instant: instant.toFixed(3) });
          };
          const timer = left > 0 ? setTimeout(shoot, 1000 * instant) : undefined;
          const before = hits.length;
          const outcome = await outcomeOf(pool);
          clearTimeout(timer);
          const isHit = hits.length > before;
          if (isHit) left--;
          isDone = outcome.code === 0;
          if (!(isHit && target === 'pool' && outcome.signal === 'SIGKILL')) failure = faultOfMessage(outcome, isHit ? [0, 6] : [0]);
          isDone ||= failure !== undefined;
        }
        failure ??= await faultOfSweep(context, training, directory);
        if (failure !== undefined && hits.length === 0) yield { what: `${training.name}, not killed`, failure };
        const instants = hits.map(({ target, instant }) => `${target} ${instant}`).join(', ');
        for (const { target, instant } of hits) yield { what: `${training.name}, ${target} killed after ${instant} s of ${instants}`, failure, kind: target };
      }
    }
  },
};
