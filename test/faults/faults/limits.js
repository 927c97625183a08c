/**
 * Limits that the machine sets: a full disk, a largest file, a full standard output, few open files. A training that a limit
 * ends is continued, once the limit is lifted, to the files of one that nothing happened to.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { faultOfMessage, temporaryFiles } from '../context.js';

/** @typedef {import('../context.js').Fault} Fault */

/** Every limit, or a few of them spread from the smallest to the largest. */
function some(context, limits, few) {
  return context.bounded ? limits.filter((_, index) => Math.floor((index * few) / limits.length) !== Math.floor(((index - 1) * few) / limits.length)) : limits;
}

function range(first, last, step) {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
}

/** Runs a training under a limit and then without. */
async function survives(context, training, run, { shell, reason, lift = () => {}, mayCrash }) {
  const outcome = await context.run(context.arguments(training, run), { shell });
  const crash = mayCrash?.(outcome);
  if (crash !== undefined) return { skip: crash };
  const isTold = outcome.code === 0 || (reason.test(outcome.stderr) && outcome.stderr.match(/^rbm-train: /gm)?.length === 1);
  const fault = faultOfMessage(outcome) ?? (isTold ? undefined : `exit ${outcome.code}, and the message is: ${outcome.stderr}`);
  const left = existsSync(run) ? temporaryFiles(run) : [];
  lift();
  if (fault !== undefined) return { failure: fault };
  if (left.length > 0) return { failure: `temporary files are left: ${left.join(', ')}` };
  return { failure: await context.recover(training, run) };
}

/** @param {import('../context.js').FaultContext} context */
function trainingOf(context) {
  return context.trainings.find(({ name }) => name === 'cd');
}

/** A small file system in memory, filled by the training. @type {Fault} */
export const fullDisk = {
  name: 'a full disk',
  async *run(context) {
    const training = trainingOf(context);
    const limits = [...range(4, 64, 4).map((size) => `size=${size}k`), ...range(2, 12, 1).map((inodes) => `nr_inodes=${inodes}`)];
    for (const limit of some(context, limits, 4)) {
      const folder = join(context.folder, limit);
      mkdirSync(folder);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', limit, 'tmpfs', folder], { stdio: 'pipe' });
      } catch (error) {
        yield { what: limit, skip: `no file system can be mounted here (${String(error.stderr).trim()})` };
        return;
      }
      try {
        const lift = () => execFileSync('mount', ['-o', `remount,${limit.startsWith('size') ? 'size=4m' : 'nr_inodes=1000'}`, folder], { stdio: 'pipe' });
        yield { what: limit, ...(await survives(context, training, join(folder, 'run'), { reason: /no space left/, lift })) };
      } finally {
        execFileSync('umount', [folder]);
      }
    }
  },
};

/** @type {Fault} */
export const largestFile = {
  name: 'a limit on the size of files',
  async *run(context) {
    const training = trainingOf(context);
    for (const blocks of some(context, range(0, 24, 1), 3)) {
      const what = `ulimit -f ${blocks}`;
      yield { what, ...(await survives(context, training, context.newRun(), { shell: what, reason: /larger than allowed/ })) };
    }
  },
};

/** @type {Fault} */
export const openFiles = {
  name: 'a limit on open files',
  async *run(context) {
    const training = trainingOf(context);
    for (const limit of some(context, range(20, 120, 2), 4)) {
      const mayCrash = ({ code, signal, stderr }) => {
        const isNodes = signal === 'SIGABRT' || code === 134 || /Assertion failed|uv_|error while loading shared|bin\/rbm-train\.js'/.test(stderr);
        return code !== 0 && isNodes ? 'Node.js itself does not start' : undefined;
      };
      yield { what: `ulimit -n ${limit}`, ...(await survives(context, training, context.newRun(), { shell: `ulimit -n ${limit}`, reason: /too many open files/, mayCrash })) };
    }
  },
};

/** What is printed goes to a device that is full. @type {Fault} */
export const fullOutput = {
  name: 'a full standard output',
  async *run(context) {
    if (!existsSync('/dev/full')) {
      yield { what: '/dev/full', skip: 'there is no such device here' };
      return;
    }
    const training = trainingOf(context);
    const run = context.newRun();
    const trained = await survives(context, training, run, { shell: 'exec > /dev/full', reason: /standard output: can't be written: no space/ });
    yield { what: 'training > /dev/full', ...trained };
    const commands = [['--help'], ['--version'], ['help', 'config'], ['sample', run], ['inspect', run, '--json'], ['init'], ['evaluate', run], ['transform', run], ['data', context.configFile(training)]];
    for (const args of some(context, commands, 2)) {
      const what = `${args.join(' ').replace(context.folder, '')} > /dev/full`;
      const outcome = await context.run(args, { shell: 'exec > /dev/full' });
      const isTold = outcome.code === 1 && /standard output: can't be written: no space/.test(outcome.stderr);
      yield { what, failure: faultOfMessage(outcome) ?? (isTold ? undefined : `exit ${outcome.code}: ${outcome.stderr}`) };
    }
    const silent = context.newRun();
    const { code, stdout } = await context.run(context.arguments(training, silent), { shell: 'exec 2> /dev/full' });
    const failure = code !== 0 || !stdout.includes('digest') ? `exit ${code}, and the result is: ${stdout}` : await context.compare(training, silent);
    yield { what: 'training 2> /dev/full', failure };
  },
};

/** Nobody. */
const otherUser = 65534;

/** Places where nothing can be written: the message says why, and nothing is left there. @type {Fault} */
export const noPermission = {
  name: 'a place that can not be written',
  async *run(context) {
    const training = trainingOf(context);
    const attempt = async (what, output, reason, { expected = 1, ...options } = {}) => {
      const outcome = await context.run(['--config', context.configFile(training), '--output', output], options);
      const isTold = outcome.code === expected && reason.test(outcome.stderr) && outcome.stderr.match(/^rbm-train: /gm)?.length === 1;
      return { what, failure: faultOfMessage(outcome, [expected]) ?? (isTold ? undefined : `exit ${outcome.code}: ${outcome.stderr}`) };
    };
    const folder = join(context.folder, 'places');
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), '');
    yield await attempt('below a file', join(folder, 'file', 'run'), /file.*: can't be made a folder: .*(in the way|not a folder)/);
    yield await attempt('on a file', join(folder, 'file'), /file.*: can't be made a folder: .*(in the way|not a folder)/);
    yield await attempt('/proc', '/proc/run', /proc\/run.*: can't be made a folder/);
    yield await attempt('a name that is too long', join(folder, 'x'.repeat(300)), /too long/);
    for (const name of ['with spaces and "quotes"', '-dash', 'ünï→🙂', 'new\nline', '\u001b[31mred', 'a'.repeat(200)]) {
      const run = join(folder, name);
      const outcome = await context.run(context.arguments(training, run));
      const isClean = !`${outcome.stdout}${outcome.stderr}`.includes('\u001b') && !outcome.stdout.includes('new\nline');
      const failure = faultOfMessage(outcome, [0]) ?? (isClean ? await context.compare(training, run) : 'control characters of the name are printed');
      yield { what: `a folder called ${JSON.stringify(name.slice(0, 30))}`, failure };
      if (context.bounded) break;
    }
    const mounted = join(folder, 'mounted');
    mkdirSync(mounted);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mounted], { stdio: 'pipe' });
    } catch (error) {
      yield { what: 'a read-only file system', skip: `no file system can be mounted here (${String(error.stderr).trim()})` };
      return;
    }
    try {
      const run = join(mounted, 'run');
      await context.run(context.arguments(training, run));
      execFileSync('mount', ['-o', 'remount,ro', mounted]);
      yield await attempt('a read-only file system', join(mounted, 'new'), /the file system is read-only/);
      const args = [...context.arguments(training, run), '--set', 'training.updates=70'];
      const outcome = await context.run(args);
      const isTold = /the file system is read-only/.test(outcome.stderr);
      yield { what: 'continuing on a read-only file system', failure: faultOfMessage(outcome, [1]) ?? (isTold ? await context.compare(training, run) : outcome.stderr) };
      const read = await context.run(['evaluate', run, '--threads', '1']);
      yield { what: 'evaluate on a read-only file system', failure: faultOfMessage(read, [0]) };
      execFileSync('mount', ['-o', 'remount,rw', mounted]);
      // Permissions do not bind the superuser.
      if (process.getuid?.() === 0 && !existsSync('/usr/bin/setpriv')) {
        yield { what: 'a folder of another user', skip: 'there is no setpriv to become another user' };
        return;
      }
      execFileSync('chmod', ['755', dirname(context.folder), context.folder, folder, mounted]);
      const shell = `exec setpriv --reuid ${otherUser} --clear-groups -- "$0" "$@"`;
      yield await attempt('a folder of another user', join(mounted, 'new'), /permission denied/, { shell });
    } finally {
      execFileSync('umount', [mounted]);
    }
  },
};
