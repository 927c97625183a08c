/** Clocks that jump or stand: nothing that a training leaves depends on them, nor does it wait for them. */

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { faultOfMessage } from '../context.js';

const clocks = ['date', 'steady'].flatMap((which) => ['forward', 'backward', 'still', 'wild'].map((what) => `${which} ${what}`));

/** @type {import('../context.js').Fault} */
export const clock = {
  name: 'clock jumps',
  async *run(context) {
    for (const FAULT_CLOCK of context.some(clocks, 2)) {
      for (const training of context.some([context.trainings[0], context.trainings[1]], 1)) {
        const run = context.newRun();
        const FAULT_EVERY = String(1 + context.below(30));
        const failure = faultOfMessage(await context.run(context.arguments(training, run), { preload: 'clock.cjs', env: { FAULT_CLOCK, FAULT_EVERY } }), [0]);
        yield { what: `${training.name}, ${FAULT_CLOCK} every ${FAULT_EVERY} looks`, failure: failure ?? (await context.compare(training, run)), kind: FAULT_CLOCK.split(' ')[0] };
      }
    }
    // Checkpoints by the second go by the steady clock: people may set the other one.
    for (const FAULT_CLOCK of context.some(clocks.filter((name) => name.startsWith('date')), 1)) {
      const training = context.trainings[0];
      const run = context.newRun();
      const log = join(context.folder, `${basename(run)}-calls.json`);
      const env = { FAULT_CLOCK, FAULT_FOLDER: run, FAULT_LOG: log };
      const preload = ['clock.cjs', 'at-file-call.cjs'];
      // An update takes more than that.
      const outcome = await context.run([...context.arguments(training, run), '--set', 'checkpoint.every={seconds: 0.000001}'], { preload, env });
      let failure = faultOfMessage(outcome, [0]) ?? (await context.compare(training, run));
      const saves = failure === undefined ? JSON.parse(readFileSync(log, 'utf8')).filter((call) => call.startsWith('renameSync /checkpoints/')).length : 0;
      if (failure === undefined && saves < 55) failure = `${saves} checkpoints of 60 updates`;
      yield { what: `${training.name}, checkpoints by the second, ${FAULT_CLOCK}`, failure, kind: 'cadence' };
    }
  },
};
