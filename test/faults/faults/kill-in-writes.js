/**
 * SIGKILL between any two calls of the file system, and in the middle of a write: while a checkpoint, metrics.jsonl,
 * best.safetensors, result.json, config.json or execution.json is written, or an old file removed.
 */

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { shortTraining } from '../trainings.js';

const preload = 'at-file-call.cjs';

/** The calls that a training makes, in their order, such as `renameSync /checkpoints/…`. */
export async function fileCalls(context, training, args = []) {
  const run = context.newRun();
  const log = join(context.folder, `calls-${basename(run)}.json`);
  const { code, stderr } = await context.run([...context.arguments(training, run), ...args], { preload, env: { FAULT_FOLDER: run, FAULT_LOG: log } });
  if (code !== 0) throw new Error(`the calls could not be counted: ${stderr}`);
  return JSON.parse(readFileSync(log, 'utf8'));
}

/** Which file a call is about. */
export function fileOf(call) {
  const [, name] = /(checkpoints|metrics|best|start|result|config|execution)/.exec(call) ?? [];
  return name ?? 'folder';
}

/** @type {import('../context.js').Fault} */
export const killInWrites = {
  name: 'SIGKILL at a file-system call',
  async *run(context) {
    for (const training of context.some([shortTraining, ...context.trainings], 1)) {
      const calls = await fileCalls(context, training);
      const places = [...calls.entries()].flatMap(([number, call]) => [
        { number, call, deed: 'kill' },
        ...(call.startsWith('writeSync') ? [{ number, call, deed: 'kill half' }] : []),
      ]);
      const chosen = training === shortTraining && !context.bounded ? places : oneOfEach(context, places).filter(() => context.random() < 0.3);
      for (const { number, call, deed } of chosen) {
        const run = context.newRun();
        const env = { FAULT_FOLDER: run, FAULT_CALL: String(number), FAULT_DO: deed };
        const { signal } = await context.run(context.arguments(training, run), { preload, env });
        const failure = signal === 'SIGKILL' ? await context.recover(training, run) : `it was not killed, but ended by ${signal}`;
        yield { what: `${training.name}, ${deed} at call ${number}: ${call}`, failure, kind: fileOf(call) };
      }
    }
  },
};

/** One place by chance of every kind: the same call on the same file. */
function oneOfEach(context, places) {
  const groups = new Map();
  for (const place of places) {
    const kind = `${place.deed} ${place.call.split(' ')[0]} ${fileOf(place.call)}`;
    groups.set(kind, [...(groups.get(kind) ?? []), place]);
  }
  return [...groups.values()].map((group) => group[context.below(group.length)]);
}
