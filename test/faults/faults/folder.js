/** The run directory is removed or renamed while a training writes there. */

import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';

import { faultOfMessage } from '../context.js';
import { shortTraining } from '../trainings.js';
import { fileCalls, fileOf } from './kill-in-writes.js';

/** Why what is left is not right: what was removed must not come back in part. */
async function faultOfLost(context, training, run, outcome, away) {
  // Between the last call and the end of the process nobody can notice.
  const message = faultOfMessage(outcome, [1]);
  if (message !== undefined) return message;
  if (!/removed, moved or emptied|there is no such file/.test(outcome.stderr)) return `not told why: ${outcome.stderr.slice(-300)}`;
  if (existsSync(run)) return `it was made again: ${readdirSync(run, { recursive: true }).join(', ')}; ${outcome.stderr.slice(-300)}`;
  if (away !== undefined && existsSync(away)) {
    const moved = await context.recover(training, away);
    if (moved !== undefined) return `under its new name: ${moved}`;
  }
  return context.recover(training, run);
}

async function* atCalls(context, deed) {
  const training = shortTraining;
  const calls = await fileCalls(context, training);
  // Until the first checkpoint there is no run to be lost; the last calls write that it has ended.
  const started = calls.findLastIndex((call) => call.includes('.config.json'));
  const chosen = context.some([...calls.keys()].slice(started + 1, -5), 2);
  for (const number of chosen) {
    const run = context.newRun();
    const away = deed === 'rename' ? `${run}-away` : undefined;
    const env = { FAULT_FOLDER: run, FAULT_CALL: String(number), FAULT_DO: deed, FAULT_AWAY: away ?? '' };
    const outcome = await context.run(context.arguments(training, run), { preload: 'at-file-call.cjs', env });
    const failure = await faultOfLost(context, training, run, outcome, away);
    yield { what: `${deed} before call ${number}: ${calls[number]}`, failure, kind: fileOf(calls[number]) };
  }
}

/** As `rm -rf`, again while the training writes new files there. */
function remove(folder) {
  while (existsSync(folder)) {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'ENOTEMPTY') throw error;
    }
  }
}

async function* atInstants(context, deed) {
  for (let round = 0; round < (context.bounded ? 1 : 10); round++) {
    const training = context.trainings[context.below(context.trainings.length)];
    const run = context.newRun();
    const away = `${run}-away`;
    const { outcome, seen } = context.follow(context.arguments(training, run));
    await seen(new RegExp(`^update ${1 + context.below(40)}/`, 'm'));
    if (deed === 'rename') renameSync(run, away);
    else remove(run);
    const failure = await faultOfLost(context, training, run, await outcome, away);
    yield { what: `${training.name}, ${deed} from outside`, failure, kind: 'from outside' };
  }
}

/** @type {import('../context.js').Fault} */
export const folderRemoved = {
  name: 'folder removed under it',
  async *run(context) {
    yield* atCalls(context, 'remove');
    yield* atInstants(context, 'remove');
  },
};

/** @type {import('../context.js').Fault} */
export const folderRenamed = {
  name: 'folder renamed under it',
  async *run(context) {
    yield* atCalls(context, 'rename');
    yield* atInstants(context, 'rename');
  },
};
