/**
 * A sweep of 8 trainings on Slurm, to which everything happens that does in batch jobs while it runs: an element is cancelled,
 * one is preempted, one loses its node, one comes to its time limit. What is left in the end is, byte for byte, what the same
 * sweep leaves where nothing happens to it.
 */

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Task 0 takes so long that its time limit of a minute comes, preempted or not. */
const long = 0;

/**
 * Slurm looks at time limits every 30 s, and sends the warning where less than that and 30 s more are left: USR2 comes 20 to
 * 50 s after the start of an element. A longer warning could come before a task has done anything, and such a task is not queued
 * again (seen with 30 s on a busy machine).
 */
const limits = ['--time', '1', '--warn', '10'];

/**
 * Seconds of CPU of the long task, and of each other. Preemption has the long one start twice; while others use the machine, a
 * second of CPU has been seen to do two thirds of what it does without them. The others are done beside it: the longer they are, the
 * less likely it is that the last of them has ended before one could be caught running.
 */
const seconds = { long: 70, short: 6 };

const config = (updates) => `{
  seed: '1',
  data: { source: 'bars-and-stripes', height: 4, width: 4, validation: { count: 6 } },
  model: { hiddenUnits: 12 },
  training: { algorithm: 'cd', k: 20, updates: ${updates}, batchSize: 12, learningRate: 0.02 },
  evaluation: { every: { updates: 2000 } },
  checkpoint: { every: { seconds: 0.5 } },
}
`;

/** Updates in a second of CPU on this machine: from two trainings, so that the start cancels out. */
async function updatesPerSecond(context) {
  const spent = [];
  const lengths = [500, 4500];
  for (const updates of lengths) {
    const run = `calibration-${updates}`;
    writeFileSync(join(context.folder, `${run}.json`), config(updates));
    await context.must('--config', `${run}.json`, '--output', run, '--threads', '1', '--quiet');
    spent.push(JSON.parse(readFileSync(join(context.folder, run, 'execution.json'), 'utf8')).sessions[0].cpuSeconds);
  }
  return (lengths[1] - lengths[0]) / (spent[1] - spent[0]);
}

/** Facts about the tasks of a sweep, from its files. */
class SweepFiles {
  /** @param {string} directory */
  constructor(directory) {
    this.directory = directory;
    this.tasks = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')).tasks;
  }

  folder(index) {
    return join(this.directory, 'tasks', this.tasks[index].id);
  }

  /** Whether a task has a checkpoint with something in it to lose. */
  hasAdvanced(index) {
    try {
      return readdirSync(join(this.folder(index), 'checkpoints')).some((name) => /^update-0*[1-9]\d*\.safetensors$/.test(name));
    } catch {
      return false;
    }
  }

  isDone(index) {
    return readdirSync(this.folder(index)).includes('result.json');
  }

  sessions(index) {
    return JSON.parse(readFileSync(join(this.folder(index), 'execution.json'), 'utf8')).sessions;
  }

  /** What must not depend on what happened, by name. */
  lasting(index) {
    const { updates } = this.tasks[index];
    const names = ['result.json', 'metrics.jsonl', join('checkpoints', `update-${String(updates).padStart(13, '0')}.safetensors`)];
    return names.map((name) => ({ name, bytes: readFileSync(join(this.folder(index), name)) }));
  }
}

/** The number of the process that does a task, as it wrote it itself, and of the step daemon that started it. */
function processesOf(files, index) {
  const task = files.sessions(index).at(-1).processId;
  const status = (pid, key) => new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  const step = Number(status(task, 'PPid'));
  if (status(step, 'Name') !== 'slurmstepd') throw new Error(`process ${step}, the parent of task ${index}, is no slurmstepd but ${status(step, 'Name')}`);
  return { task, step };
}

/** @type {(typeof import('./index.js').scenarios)[number]} */
export const disturbedSweep = {
  name: 'a sweep that is cancelled, preempted, loses a node and comes to its time limit',
  async run(context) {
    const { cluster } = context;
    const speed = await updatesPerSecond(context);
    const lengths = [Math.ceil(seconds.long * speed), ...Array.from({ length: 7 }, (_, number) => Math.ceil(seconds.short * speed) + number)];
    writeFileSync(join(context.folder, 'config.json'), config(1));
    writeFileSync(join(context.folder, 'sweep.json'), JSON.stringify({ config: 'config.json', grid: { 'training.updates': lengths }, seeds: [1] }));
    for (const directory of ['local', 'cluster']) await context.must('sweep', 'plan', 'sweep.json', '--dir', directory, '--quiet');
    const [local, files] = ['local', 'cluster'].map((directory) => new SweepFiles(join(context.folder, directory)));
    context.check('two plans of a sweep are the same bytes', readFileSync(join(local.directory, 'manifest.json')).equals(readFileSync(join(files.directory, 'manifest.json'))));
    await context.must('sweep', 'run', 'local', '--jobs', '2', '--quiet');
    context.check('all 8 tasks are done by the local pool', lengths.every((_, index) => local.isDone(index)));

    let isOver = false;
    const running = context.tool('sweep', 'run', 'cluster', '--engine', 'slurm', '--wait', '--chunk', '1', '--json', ...limits).finally(() => (isOver = true));
    // The poller looks after itself; whatever fails in it shows in what is waited for.
    const released = context.releaseRequeued(running);
    const jobId = await context.waitFor('the array is submitted', () => submittedArrays(files.directory)[0], () => isOver);

    /** The state of an element. */
    const stateOf = async (index) => (await cluster.elements()).find(({ element }) => element === `${jobId}_${index}`);
    const advanced = (indices) => async () => {
      for (const index of indices) {
        const found = await stateOf(index);
        if (found?.state === 'R' && files.hasAdvanced(index) && !files.isDone(index)) return { index, ...found };
      }
      return undefined;
    };

    await context.waitFor('task 1 has a checkpoint', advanced([1]), () => isOver);
    await cluster.command('scancel', `${jobId}_1`);
    await context.waitFor('element 1 is cancelled', async () => (await stateOf(1))?.state === 'CA', () => isOver);
    context.check('an element is cancelled while it runs', !files.isDone(1));

    // On a slow machine the time limit may come first, and the element queues itself again: then the next start is preempted.
    const isPreempted = () => new RegExp(`preempted JobId=${jobId}_${long}\\b.* has been requeued`).test(cluster.controllerLog());
    for (let tries = 0; tries < 3 && !isPreempted(); tries++) {
      const { node } = await context.waitFor('task 0 runs, and has a checkpoint', advanced([long]), () => isOver);
      await cluster.command('sbatch', '--partition=urgent', `--nodelist=${node}`, `--output=${join(context.folder, 'urgent.log')}`, '--wrap=true');
      await context.waitFor('element 0 leaves its node', async () => (await stateOf(long))?.state !== 'R', () => isOver);
    }
    await context.waitFor('element 0 is preempted', isPreempted, () => isOver);
    context.check('an element is preempted', true);

    const victim = await context.waitFor('one more task has a checkpoint', advanced([2, 3, 4, 5, 6, 7]), () => isOver);
    const { task, step } = processesOf(files, victim.index);
    for (const pid of [cluster.nodeDaemon(victim.node), step, task]) process.kill(pid, 'SIGKILL');
    await context.waitFor(`element ${victim.index} is queued again`, async () => ['PD', 'RQ'].includes((await stateOf(victim.index))?.state ?? ''), () => isOver);
    context.check(`node ${victim.node} is lost, with what ran there`, !files.isDone(victim.index));
    await cluster.up();
    context.check(`node ${victim.node} is back`, true);

    const first = await running;
    await released;
    context.check('sweep run --wait ends with exit code 6 and names what is missing', first.code === 6 && /1 of 8 tasks are missing: 1$/m.test(first.stderr), first);
    const log = readFileSync(join(files.directory, 'slurm', 'logs', `${jobId}_${long}.log`), 'utf8');
    context.check('the long task was told of its time limit by USR2, and queued itself again', /stopped by SIGUSR2[\s\S]* queues itself again/.test(log), log);

    const { stdout: status } = await context.must('sweep', 'status', 'cluster');
    context.check('sweep status names exactly what is missing', /^done +7 of 8 +0,2-7$/m.test(status) && /^started +1 of 8 +1$/m.test(status) && !/^not started/m.test(status), status);
    const again = context.tool('sweep', 'run', 'cluster', '--engine', 'slurm', '--wait', '--chunk', '1', '--json', ...limits);
    const releasedAgain = context.releaseRequeued(again);
    const second = await again;
    await releasedAgain;
    const { submitted } = JSON.parse(second.stdout);
    context.check('running it again submits only that', second.code === 0 && submitted.length === 1 && submitted[0].elements === '1', second);

    context.check('the job that gathers has written the table', readdirSync(files.directory).includes('results.csv'), readdirSync(files.directory));

    for (const index of lengths.keys()) {
      const others = files.lasting(index);
      const differing = local.lasting(index).filter(({ bytes }, number) => !bytes.equals(others[number].bytes));
      context.check(`task ${index}: result.json, metrics.jsonl and the last checkpoint are the same bytes`, differing.length === 0, differing.map(({ name }) => name));
    }
    const told = (index) => files.sessions(index).map(({ ended, fromUpdate, toUpdate }) => ({ ended, fromUpdate, toUpdate }));
    const isResumed = (index, ends) => {
      const sessions = told(index);
      return sessions[0].ended === ends && sessions.slice(1).every(({ fromUpdate }) => fromUpdate > 0) && sessions.length > 1 && sessions.at(-1).ended === 'finished';
    };
    context.check('execution.json: the cancelled task had saved, and went on from there', isResumed(1, 'stopped'), told(1));
    context.check('execution.json: the task of the lost node went on from its last checkpoint', isResumed(victim.index, 'running'), told(victim.index));
    context.check('execution.json: the long task went on after preemption and time limit', isResumed(long, 'stopped') && told(long).length > 2, told(long));
  },
};

/** Job ids of the arrays that were submitted for a sweep. */
function submittedArrays(directory) {
  let names;
  try {
    names = readdirSync(join(directory, 'slurm', 'jobs')).filter((name) => /^\d+\.json$/.test(name));
  } catch {
    return [];
  }
  return names.map((name) => JSON.parse(readFileSync(join(directory, 'slurm', 'jobs', name), 'utf8'))).flatMap(({ jobId, purpose }) => (purpose === 'tasks' ? [jobId] : []));
}
