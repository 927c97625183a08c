/** SIGKILL at random instants: every training is killed again and again until it has come to its end. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { faultOfMessage, outcomeOf, temporaryFiles } from '../context.js';

const killsPerTraining = 30;

/** Which part of the instants falls into the start of the process, where little can be lost. */
const startShare = 0.2;

/** How many sessions a run has had. */
function sessions(run) {
  const file = join(run, 'execution.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).sessions.length : 0;
}

/** What a killed process was doing, from what it left. */
function doneBy(child, run, sessionsBefore) {
  if (existsSync(run) && temporaryFiles(run).some((name) => name.includes(`.${child.pid}.`))) return 'writing';
  if (sessions(run) === sessionsBefore) return 'starting';
  return existsSync(join(run, 'result.json')) ? 'ending' : 'training';
}

/** @type {import('../context.js').Fault} */
export const kill = {
  name: 'SIGKILL at a random instant',
  async *run(context) {
    for (const training of context.some(context.trainings, 2)) {
      const { seconds, startSeconds } = await context.reference(training);
      let left = context.bounded ? 4 : killsPerTraining;
      while (left > 0) {
        const run = context.newRun();
        const kills = [];
        let failure;
        for (;;) {
          const before = sessions(run);
          const child = context.start(context.arguments(training, run));
          const share = context.random();
          const instant = context.random() < startShare ? share * startSeconds : startSeconds + share * (seconds - startSeconds);
          const timer = setTimeout(() => child.kill('SIGKILL'), 1000 * instant);
          const outcome = await outcomeOf(child);
          clearTimeout(timer);
          if (outcome.signal !== 'SIGKILL') {
            failure = faultOfMessage(outcome, [0]);
            break;
          }
          kills.push({ instant: instant.toFixed(3), kind: doneBy(child, run, before) });
          if (--left === 0) break;
        }
        failure ??= await context.recover(training, run);
        if (failure !== undefined && kills.length === 0) yield { what: `${training.name}, not killed`, failure };
        const instants = kills.map(({ instant }) => instant).join(', ');
        for (const { instant, kind } of kills) yield { what: `${training.name}, killed after ${instant} s of ${instants}`, failure, kind };
      }
    }
  },
};
