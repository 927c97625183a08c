/** What happens to `evaluate` and `verify`, and to the files that they keep between two runs, or only while they run. */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { faultOfMessage, outcomeOf, sleep, temporaryFiles } from '../context.js';

/** Death while a new cache is written: two folders are made, then a file is opened, written, flushed and renamed. */
function deathAt(call) {
  return { FAULT_CALL: String(call), FAULT_DO: call === 3 ? 'kill half' : 'kill' };
}

/** The directory of a finished training. */
async function finishedRun(context, training) {
  const run = context.newRun();
  const { code, stderr } = await context.run(context.arguments(training, run));
  if (code !== 0) throw new Error(stderr);
  return run;
}

/** @type {import('../context.js').Fault} */
export const evaluateStopped = {
  name: 'evaluate stopped or killed',
  async *run(context) {
    // Log Z of a model that takes some seconds, so that finished work is kept.
    const rows = join(context.folder, 'rows.txt');
    writeFileSync(rows, `${'0 1 '.repeat(100).trim()}\n${'1 1 0 0 '.repeat(50).trim()}\n`);
    // 2^26 states × 200 units: about 2 s of one thread where nothing else runs.
    const start = { seed: 'faults', data: { source: 'file', path: rows }, model: { hiddenUnits: 26 }, training: { algorithm: 'cd', updates: 2 }, evaluation: { every: 'never', logLikelihood: 'never' } };
    const config = join(context.folder, 'evaluated.json');
    writeFileSync(config, JSON.stringify(start));
    const model = join(context.folder, 'evaluated');
    await context.run(['--config', config, '--output', model, '--quiet']);
    const args = ['evaluate', model, '--exact-cost-limit', '1e12', '--estimator', 'exact', '--json', '--threads', '2'];
    const right = await context.run(args);
    if (right.code !== 0) throw new Error(right.stderr);
    for (let round = 0; round < (context.bounded ? 1 : 7); round++) {
      const cache = join(context.folder, `cache-${round}`);
      const env = { XDG_CACHE_HOME: cache };
      const preload = 'at-file-call.cjs';
      // Stopped, which writes what is finished; and at one of the calls that write it, killed.
      const call = round - 1;
      const first = context.follow(args, { env: { ...env, ...(call >= 0 && { FAULT_FOLDER: cache, ...deathAt(call) }) }, preload });
      if (!(await first.seen(/exact log Z: /))) throw new Error('it was too short to keep anything');
      await sleep(context.random());
      first.child.kill('SIGINT');
      const stopped = await first.outcome;
      let failure = stopped.signal === 'SIGKILL' || stopped.code === 0 ? undefined : faultOfMessage(stopped, [130]);
      // Two at once, which share what is kept.
      const ended = await Promise.all([context.run(args, { env }), context.run(args, { env })]);
      for (const outcome of ended) failure ??= faultOfMessage(outcome, [0]) ?? (outcome.stdout === right.stdout ? undefined : `another answer: ${outcome.stdout}`);
      if (existsSync(cache)) {
        const left = readdirSync(cache, { recursive: true }).filter((name) => /finished-|\.tmp/.test(name));
        if (left.length > 0) failure ??= `left in the cache: ${left.join(', ')}`;
      }
      yield { what: `${stopped.signal ?? stopped.code}, call ${call}`, failure, kind: stopped.signal === 'SIGKILL' ? 'killed' : 'stopped' };
    }
  },
};

/** @type {import('../context.js').Fault} */
export const verifyStopped = {
  name: 'verify stopped or killed',
  async *run(context) {
    const training = context.trainings[1];
    const run = await finishedRun(context, training);
    const { seconds, startSeconds } = await context.reference(training);
    for (const signal of context.some(['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGKILL', 'SIGKILL'], 1)) {
      const places = join(context.folder, `places-${context.below(1e9)}`);
      mkdirSync(places);
      const env = { TMPDIR: places };
      const { child, outcome } = context.follow(['verify', run], { env });
      // From when it has a folder of its own on.
      while (child.exitCode === null && child.signalCode === null && readdirSync(places).length === 0) await sleep(0.005);
      const instant = context.random() * (seconds - startSeconds) * 0.3;
      await sleep(instant);
      child.kill(signal);
      const ended = await outcome;
      let failure = ended.signal === signal ? undefined : faultOfMessage(ended, [0, 130, 143]);
      const again = await context.run(['verify', run], { env });
      failure ??= faultOfMessage(again, [0]) ?? (again.stdout.startsWith('verified: 60 updates') ? undefined : again.stdout);
      const left = readdirSync(places);
      if (left.length > 0) failure ??= `left in the folder for temporary files: ${left.join(', ')}`;
      yield { what: `${signal} ${instant.toFixed(3)} s after it has made its folder`, failure: failure ?? (await context.compare(training, run)), kind: signal };
    }
  },
};

/** Many trainings start at once with one empty cache folder, one of them is killed while it writes there. */
/** @type {import('../context.js').Fault} */
export const sharedCache = {
  name: 'many share one new cache',
  async *run(context) {
    const training = {
      name: 'mnist',
      config: `{ seed: 'faults', data: { source: 'mnist', binarize: 'threshold', validation: { count: 10 } }, model: { hiddenUnits: 4 }, training: { algorithm: 'cd', updates: 4 }, evaluation: { every: 'never', logLikelihood: 'never' }, log: { every: { updates: 1 } } }`,
    };
    await context.reference(training);
    for (let round = 0; round < (context.bounded ? 1 : 4); round++) {
      const cache = join(context.folder, `shared-${round}`);
      const env = { XDG_CACHE_HOME: cache };
      const runs = Array.from({ length: context.bounded ? 3 : 8 }, () => context.newRun());
      const deadly = { env: { ...env, FAULT_FOLDER: cache, ...deathAt(context.below(6)) }, preload: 'at-file-call.cjs' };
      const start = async (run, index) => {
        // The one to be killed comes first, or it would find the work done.
        if (index > 0) await sleep(0.2);
        return outcomeOf(context.start(context.arguments(training, run), index === 0 ? deadly : { env }));
      };
      const ended = await Promise.all(runs.map(start));
      for (const [index, outcome] of ended.entries()) {
        if (index === 0 && outcome.signal === 'SIGKILL') continue;
        yield { what: `one of ${runs.length}`, failure: faultOfMessage(outcome, [0]) ?? (await context.compare(training, runs[index])), kind: 'not killed' };
      }
      const last = await context.run(context.arguments(training, runs[0]), { env });
      const failure = faultOfMessage(last, [0]) ?? (await context.compare(training, runs[0]));
      const left = temporaryFiles(cache);
      yield { what: `the killed one (${ended[0].signal})`, failure: failure ?? (left.length > 0 ? `left in the cache: ${left.join(', ')}` : undefined), kind: ended[0].signal ?? 'not killed' };
    }
  },
};
