/** SIGSTOP and SIGCONT, as a batch system suspends a job or Ctrl-Z does: the training goes on as if nothing had been. */

import { faultOfMessage, sleep } from '../context.js';

/** @type {import('../context.js').Fault} */
export const pause = {
  name: 'SIGSTOP, SIGCONT',
  async *run(context) {
    const lengths = context.bounded ? [1] : [0.001, 0.01, 0.1, 1, 30, 0.01, 0.1, 1];
    for (const seconds of lengths) {
      // With threads, some of which wait for each other.
      const training = context.trainings[1];
      const run = context.newRun();
      const { child, outcome, seen } = context.follow(context.arguments(training, run));
      for (let time = 0; time < 3; time++) {
        await seen(new RegExp(`^update ${1 + context.below(55)}/`, 'm'));
        child.kill('SIGSTOP');
        await sleep(seconds);
        child.kill('SIGCONT');
      }
      const failure = faultOfMessage(await outcome, [0]) ?? (await context.compare(training, run));
      yield { what: `${training.name}, three times ${seconds} s`, failure };
    }
  },
};
