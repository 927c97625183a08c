/**
 * `rbm-train sweep`: many trainings, or the shards of one large estimate, on this machine or on a cluster. What each of its
 * commands does is in a file of its own, loaded when it is called.
 */

import { Option } from 'commander';
import { addCommonOptions, collect, type DefineCommand } from '../options.js';
import type { GatherOptions } from './gather.js';
import type { PlanOptions } from './plan.js';
import type { RunOptions } from './run.js';
import type { StatusOptions } from './status.js';
import type { TaskOptions } from './task.js';

/** Where a sweep's tasks are done. */
export const engines = ['local', 'slurm'] as const;

/** Defines the commands. */
export const sweepCommand: DefineCommand = (sweep, terminal, finish) => {
  addCommonOptions(sweep.command('plan <sweep-file>'))
    .description('make the manifest of a sweep: every config is made and checked, nothing is trained')
    .requiredOption('-d, --dir <directory>', "the sweep's directory")
    .option('--results <folder>', 'where run directories go: sweeps that name the same folder share the tasks that they have in common (default: tasks in the directory)')
    .action(async (file: string, options: PlanOptions) => finish(await (await import('./plan.js')).plan(file, options, terminal)));
  addCommonOptions(sweep.command('run <directory>'))
    .description('do what is not done yet')
    .addOption(new Option('--engine <name>', 'processes on this machine, or job arrays of Slurm').choices([...engines]).default('local'))
    .option('-j, --jobs <number>', 'local: tasks at a time (default: one for every core)')
    .option('--threads <number>', 'threads of each task, and cores that Slurm is asked for (default: the cores shared out; with slurm 1); no result depends on it')
    .option('--chunk <number>', 'slurm: tasks to an element of the array, so that short ones pay (default: as many as take about a minute)')
    .option('--time <limit>', 'slurm: time limit of an element, as sbatch takes it')
    .option('--partition <name>', 'slurm: as sbatch takes it')
    .option('--account <name>', 'slurm: as sbatch takes it')
    .option('--max-parallel <number>', 'slurm: elements that run at a time (default: as many as the cluster lets)')
    .option('--warn <seconds>', 'slurm: how long before its time limit a task is told to save and queue itself again (default: 120)')
    .option('--max-requeues <number>', 'slurm: times that an element queues itself again (default: 1000)')
    .option('--sbatch-arg <argument>', 'slurm: one more line for sbatch, such as --mem=4G (repeatable)', collect)
    .option('--wait', 'slurm: wait until the queue has nothing more of it; exit code 6 where tasks are missing then')
    .option('--dry-run', 'say what would be done; of Slurm, print the batch scripts')
    .action(async (directory: string, options: RunOptions) => finish(await (await import('./run.js')).run(directory, options, terminal)));
  addCommonOptions(sweep.command('task <directory>'))
    .description('do one task: from wherever it stands to its end')
    .option('--index <number>', 'which (default: SLURM_ARRAY_TASK_ID, else JOB_COMPLETION_INDEX)')
    .option('--offset <number>', 'what is added to the number', '0')
    .option('--chunk <number>', 'tasks to a number: number i stands for those from i × chunk on', '1')
    .option('--threads <number>', 'threads that share the work; no result depends on it')
    .option('--max-requeues <number>', 'under Slurm: times that it queues itself again after USR2', '1000')
    .action(async (directory: string, options: TaskOptions) => finish(await (await import('./task.js')).task(directory, options, terminal)));
  addCommonOptions(sweep.command('status <directory>'))
    .description('how far the tasks are, from their files; of Slurm also what is queued and running')
    .action(async (directory: string, options: StatusOptions) => finish(await (await import('./status.js')).status(directory, options, terminal)));
  addCommonOptions(sweep.command('gather <directory>'))
    .description('the table of a sweep, ranked (results.csv, results.json, sweep.html); exit code 6 and what is missing where it is not complete')
    .option('--no-report', 'write no sweep.html')
    .action(async (directory: string, options: GatherOptions) => finish(await (await import('./gather.js')).gather(directory, options, terminal)));
};
