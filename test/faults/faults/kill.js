/** SIGKILL at random instants: every training is killed again and again until it has come to its end. */

import { outcomeOf } from '../context.js';

const killsPerTraining = 30;

/** @type {import('../context.js').Fault} */
export const kill = {
  name: 'SIGKILL at a random instant',
  async *run(context) {
    for (const training of context.trainings) {
      const { seconds } = await context.reference(training);
      let left = context.bounded ? 3 : killsPerTraining;
      while (left > 0) {
        const run = context.newRun();
        const instants = [];
        for (;;) {
          const child = context.start(context.arguments(training, run));
          const instant = context.random() * seconds;
          const timer = setTimeout(() => child.kill('SIGKILL'), 1000 * instant);
          const { signal } = await outcomeOf(child);
          clearTimeout(timer);
          if (signal !== 'SIGKILL' || left === 0) break;
          left--;
          instants.push(instant.toFixed(3));
          if (left === 0) break;
        }
        const failure = await context.recover(training, run);
        for (const instant of instants) yield { what: `${training.name}, killed after ${instant} s of ${instants.join(', ')}`, failure };
      }
    }
  },
};
