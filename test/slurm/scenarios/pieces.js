/** What is missing of a sweep, in more arrays than one, of which one element runs at a time; the controller goes and comes back meanwhile. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const config = `{
  data: { source: 'bars-and-stripes', height: 2, width: 2 },
  model: { hiddenUnits: 3 },
  training: { algorithm: 'cd', updates: 20 },
}
`;

/** What the cluster has for the other scenarios. */
const usualSize = 10_001;

/** @type {(typeof import('./index.js').scenarios)[number]} */
export const pieces = {
  name: 'arrays in pieces, and a controller that is started again',
  async run(context) {
    const { cluster } = context;
    writeFileSync(join(context.folder, 'piece.json'), config);
    writeFileSync(join(context.folder, 'piece-sweep.json'), JSON.stringify({ config: 'piece.json', seeds: [1, 2, 3] }));
    await context.must('sweep', 'plan', 'piece-sweep.json', '--dir', 'pieces', '--quiet');
    await context.must('sweep', 'task', 'pieces', '--index', '1', '--quiet');
    await cluster.restartController(2);
    const submit = ['sweep', 'run', 'pieces', '--engine', 'slurm', '--chunk', '1', '--max-parallel', '1', '--json'];
    const { submitted } = JSON.parse((await context.must(...submit)).stdout);
    const told = submitted.map(({ elements, offset }) => [elements, offset]);
    context.check('two tasks are two arrays: their numbers are too far apart for one', JSON.stringify(told) === '[["0",0],["0",2]]', told);
    const second = await cluster.command('scontrol', 'show', 'job', submitted[1].jobId);
    context.check('the second waits for the first', second.includes(`Dependency=afterany:${submitted[0].jobId}`), second);
    const waiting = context.must('sweep', 'run', 'pieces', '--engine', 'slurm', '--wait', '--json');
    await cluster.restartController(usualSize);
    const { stdout } = await waiting;
    context.check('running it again submits nothing, and waits though the controller goes', JSON.parse(stdout).submitted.length === 0, stdout);
    const { stdout: status } = await context.must('sweep', 'status', 'pieces');
    context.check('all its tasks are done', /^done +3 of 3/m.test(status), status);
  },
};
