/** An exact log Z and an AIS in 1, 3 and 8 shards, on this machine and on Slurm: the digits of `evaluate` without shards. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const config = `{
  data: { source: 'bars-and-stripes', height: 4, width: 4, validation: { count: 4 } },
  model: { hiddenUnits: 10 },
  training: { algorithm: 'cd', updates: 200, batchSize: 5, learningRate: 0.1 },
}
`;

/** Options of `evaluate`, by estimator. */
const estimates = { exact: ['--estimator', 'exact'], ais: ['--estimator', 'ais', '--chains', '32', '--temperatures', '200'] };

const counts = [1, 3, 8];

/** @type {(typeof import('./index.js').scenarios)[number]} */
export const shards = {
  name: 'an exact log Z and an AIS in shards',
  async run(context) {
    writeFileSync(join(context.folder, 'model.json'), config);
    await context.must('--config', 'model.json', '--output', 'model', '--quiet');
    const evaluate = (options, ...more) => context.must('evaluate', 'model', ...options, '--json', '--quiet', ...more);
    const cases = Object.entries(estimates).flatMap(([estimator, options]) => counts.map((count) => ({ estimator, options, count, name: `${estimator}-${count}` })));
    for (const { options, count, name } of cases) {
      for (const place of ['local', 'cluster']) await evaluate(options, '--shards', `${name}-${place}`, '--shard-count', String(count));
      await context.must('sweep', 'run', `${name}-local`, '--quiet');
    }
    // All at once: Slurm has them wait for each other.
    for (const { name } of cases) await context.must('sweep', 'run', `${name}-cluster`, '--engine', 'slurm', '--quiet');
    for (const { name } of cases) await context.must('sweep', 'run', `${name}-cluster`, '--engine', 'slurm', '--quiet', '--wait');
    for (const [estimator, options] of Object.entries(estimates)) {
      const { stdout: whole } = await evaluate(options);
      context.check(`${estimator}: a figure`, Number.isFinite(JSON.parse(whole).logPartitionFunction.logZ), whole);
      for (const { name, count } of cases.filter((one) => one.estimator === estimator)) {
        for (const place of ['local', 'cluster']) {
          const { stdout } = await evaluate(options, '--shards', `${name}-${place}`);
          context.check(`${estimator}: ${count} ${count === 1 ? 'shard' : 'shards'}, ${place}: the same digits`, stdout === whole, { stdout, whole });
        }
      }
    }
  },
};
