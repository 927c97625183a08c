/** Compute threads that die, and such as never come back. */

import { faultOfMessage, sleep } from '../context.js';

/** Kernel calls of a thread in the training; any of them may be its last. */
const calls = 400;

/** @type {import('../context.js').Fault} */
export const threadDies = {
  name: 'a compute thread dies',
  async *run(context) {
    const training = context.trainings[1];
    for (const FAULT_DO of context.some(['throw', 'exit', 'exit 0', 'memory'], 2)) {
      for (let round = 0; round < (context.bounded ? 1 : FAULT_DO === 'memory' ? 2 : 8); round++) {
        const run = context.newRun();
        const FAULT_CALL = String(1 + context.below(calls));
        const args = context.arguments(training, run);
        const outcome = await context.run(args, { preload: 'thread.cjs', env: { FAULT_DO, FAULT_CALL }, ...(FAULT_DO === 'memory' && { shell: 'ulimit -v 16000000' }) });
        const isTold = /a compute thread died.*\n.*--threads 1/.test(outcome.stderr);
        const failure = faultOfMessage(outcome, [1]) ?? (isTold ? await context.recover(training, run) : `not told why: ${outcome.stderr.slice(-300)}`);
        yield { what: `${FAULT_DO} in call ${FAULT_CALL}`, failure, kind: FAULT_DO };
      }
    }
  },
};

/** Who waits for a thread that never comes back can still be ended, by the second signal, and loses nothing. */
/** @type {import('../context.js').Fault} */
export const threadHangs = {
  name: 'a compute thread hangs',
  async *run(context) {
    const training = context.trainings[1];
    for (const FAULT_DO of context.some(['spin', 'sleep'], 1)) {
      for (const [signal, code] of context.some(Object.entries({ SIGINT: 130, SIGTERM: 143 }), 1)) {
        const run = context.newRun();
        const FAULT_CALL = String(100 + context.below(calls - 100));
        const { child, outcome, seen } = context.follow(context.arguments(training, run), { preload: 'thread.cjs', env: { FAULT_DO, FAULT_CALL } });
        await seen(/^the fault: /m);
        child.kill(signal);
        const isAsked = await Promise.race([seen(/once more/), sleep(20)]);
        child.kill(signal);
        const failure = faultOfMessage(await outcome, [code]) ?? (isAsked ? await context.recover(training, run) : 'it did not say how to end it');
        yield { what: `${FAULT_DO} in call ${FAULT_CALL}, ${signal}`, failure, kind: FAULT_DO };
      }
    }
  },
};
