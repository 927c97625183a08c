/** Standard streams that are closed, from the start or after the first lines: no reason to end a training. */

import { join } from 'node:path';
import { writeFileSync } from 'node:fs';

import { faultOfMessage } from '../context.js';

/** What is done in the shell before the tool takes its place. */
const shells = ['exec <&-', 'exec >&-', 'exec 2>&-', 'exec >&- 2>&-', 'exec <&- >&- 2>&-', 'exec </dev/null >/dev/null 2>&1'];

/** @type {import('../context.js').Fault} */
export const streams = {
  name: 'closed stdin, stdout, stderr',
  async *run(context) {
    for (const shell of context.some(shells, 2)) {
      for (const training of context.some([context.trainings[0], context.trainings[1]], 1)) {
        const run = context.newRun();
        const failure = faultOfMessage(await context.run(context.arguments(training, run), { shell }), [0]) ?? (await context.compare(training, run));
        yield { what: `${training.name}, ${shell}`, failure, kind: 'from the start' };
      }
    }
    const closings = [['stdout'], ['stderr'], ['stdout', 'stderr']];
    for (const names of context.some(closings, 1)) {
      const training = context.trainings[1];
      const run = context.newRun();
      const { child, outcome, seen } = context.follow(context.arguments(training, run));
      await seen(/^update 3\//m);
      for (const name of names) child[name].destroy();
      const failure = faultOfMessage(await outcome, [0]) ?? (await context.compare(training, run));
      yield { what: `${training.name}, nobody reads ${names.join(' and ')} any more`, failure, kind: 'later' };
    }
    // As people do it, with the exit code of the tool and not of head.
    const training = context.trainings[0];
    const run = context.newRun();
    const script = join(context.folder, 'head.sh');
    writeFileSync(script, '{ "$@" 2>&1; echo "exit $?" >&3; } 3>&2 | head -1 >/dev/null\n');
    const { stderr } = await context.run(context.arguments(training, run), { shell: `set -- sh '${script}' "$0" "$@"; exec "$@"` });
    yield { what: `${training.name} 2>&1 | head -1`, failure: stderr === 'exit 0\n' ? await context.compare(training, run) : stderr, kind: 'later' };
  },
};
