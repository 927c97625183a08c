/** A sweep whose directory has all in its name that sbatch, its names of log files, or bash give a meaning to. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const directory = `it's "50%A" %% #1 $HOME; (é) & \`x\``;

const config = `{
  data: { source: 'bars-and-stripes', height: 2, width: 2 },
  model: { hiddenUnits: 3 },
  training: { algorithm: 'cd', updates: 20 },
}
`;

/** @type {(typeof import('./index.js').scenarios)[number]} */
export const awkwardName = {
  name: 'a sweep in a directory with an awkward name',
  async run(context) {
    writeFileSync(join(context.folder, 'small.json'), config);
    writeFileSync(join(context.folder, 'small-sweep.json'), JSON.stringify({ config: 'small.json', seeds: [1, 2, 3] }));
    await context.must('sweep', 'plan', 'small-sweep.json', '--dir', directory, '--quiet');
    const running = context.tool('sweep', 'run', directory, '--engine', 'slurm', '--wait', '--chunk', '2', '--json');
    const released = context.releaseRequeued(running);
    const { code, stdout, stderr } = await running;
    await released;
    context.check('all its tasks are done', code === 0, { code, stdout, stderr });
    const { submitted: [{ jobId, elements }], gather } = JSON.parse(stdout);
    context.check('two elements have done its three tasks', elements === '0-1', elements);
    const log = (name) => join(context.folder, directory, 'slurm', 'logs', name);
    const text = `${readFileSync(log(`${jobId}_0.log`), 'utf8')}${readFileSync(log(`${jobId}_1.log`), 'utf8')}`;
    context.check('each element has a log of its own', [0, 1, 2].every((index) => new RegExp(`^task ${index} .*: done$`, 'm').test(text)), text);
    context.check('the job that gathers has one, too', existsSync(log(`gather-${gather}.log`)));
  },
};
