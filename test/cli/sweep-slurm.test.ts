/**
 * `sweep run --engine slurm` and the signals of `sweep task`, through the command line, with stand-ins for Slurm's commands: a
 * folder is the whole PATH, so that a Slurm that is installed here is never asked. (On a real one: test/slurm.)
 */

import { fork, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { executable, outcomeOf, runCli, startCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(folder.remove);

/** Notes the call, word by word; then does as the files beside it say. Only bash's own commands: there is no other in the PATH. */
const standIn = `#!/bin/bash
here="\${0%/*}"; name="\${0##*/}"
if [ "$*" = --version ]; then echo slurm 22.05.8; exit 0; fi
{ printf '%s\\x1f' "$name" "$@"; echo; } >> "$here/calls"
compgen -e | while read -r word; do case "$word" in SBATCH_*|SQUEUE_*|SCONTROL_*|SLURM_*) echo "$word=\${!word}";; esac; done > "$here/$name.variables"
count=0; [ -e "$here/$name.count" ] && read -r count < "$here/$name.count"
count=$((count + 1)); echo $count > "$here/$name.count"
if [ -e "$here/$name.waits" ]; then until [ -e "$here/$name.goes" ]; do :; done; fi
if [ -e "$here/$name.fails-$count" ]; then printf '%s\\n' "$(<"$here/$name.fails-$count")" >&2; exit 1; fi
while ((count > 0)); do
  if [ -e "$here/$name.says-$count" ]; then printf '%s' "$(<"$here/$name.says-$count")"; exit 0; fi
  count=$((count - 1))
done
`;

/** Stand-ins for Slurm. */
class FakeSlurm {
  readonly path = mkdtempSync(join(folder.path, 'fake-'));

  constructor() {
    for (const name of ['sbatch', 'squeue', 'scontrol']) {
      writeFileSync(join(this.path, name), standIn);
      chmodSync(join(this.path, name), 0o755);
    }
    for (let number = 1; number < 10; number++) this.says('sbatch', number, String(100 + number));
    this.says('scontrol', 1, 'Configuration data as of today\nMaxArraySize            = 5\nMaxDBDMsgs = 3\n');
  }

  /** What a command prints from its nth call on. */
  says(name: string, call: number, text: string): void {
    writeFileSync(join(this.path, `${name}.says-${call}`), text);
  }

  fails(name: string, call: number, text: string): void {
    writeFileSync(join(this.path, `${name}.fails-${call}`), text);
  }

  /** All calls, as words. */
  get calls(): string[][] {
    const file = join(this.path, 'calls');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map((line) => line.split('\x1f').slice(0, -1)) : [];
  }

  callsOf(name: string): string[][] {
    return this.calls.filter(([command]) => command === name).map(([, ...words]) => words);
  }

  cli(...args: string[]): Promise<RunOutcome> {
    return this.cliWith({}, ...args);
  }

  /** As `cli`, with variables of the user's. */
  cliWith(env: Record<string, string>, ...args: string[]): Promise<RunOutcome> {
    return runCli(args, { cwd: folder.path, env: { ...env, PATH: this.path } });
  }

  /** The variables of Slurm's that a command was called with last. */
  variablesOf(name: string): string[] {
    return readFileSync(join(this.path, `${name}.variables`), 'utf8').split('\n').filter((line) => line !== '');
  }
}

const small = `{
  data: { source: 'bars-and-stripes', height: 2, width: 2 },
  model: { hiddenUnits: 3 },
  training: { algorithm: 'cd', updates: 20 },
}`;

/** A training that takes for ever: in updates, or in the evaluation before the first of them. */
const endless = (evaluation: string): string => `{
  data: { source: 'bars-and-stripes', height: 6, width: 6, validation: { count: 4 } },
  model: { hiddenUnits: 34 },
  training: { algorithm: 'cd', updates: 100000000 },
  evaluation: { ${evaluation} },
  checkpoint: { every: { updates: 50 } },
}`;

let sweeps = 0;

/** Plans a sweep in a new directory, whose name needs quoting; returns the name. */
async function plan(config: string, seeds: number): Promise<string> {
  const name = `it's sweep ${sweeps++}`;
  writeFileSync(join(folder.path, `${name}.config.json`), config);
  writeFileSync(join(folder.path, `${name}.json`), JSON.stringify({ config: `${name}.config.json`, seeds: Array.from({ length: seeds }, (_, index) => index + 1) }));
  const { code, stderr } = await runCli(['sweep', 'plan', `${name}.json`, '--dir', name], { cwd: folder.path });
  if (code !== 0) throw new Error(stderr);
  return name;
}

const jobFiles = (sweep: string): string[] => readdirSync(join(folder.path, sweep, 'slurm', 'jobs')).toSorted();
const scriptOf = (sweep: string, name: string): string => readFileSync(join(folder.path, sweep, 'slurm', name), 'utf8');

describe('without Slurm', () => {
  let sweep: string;
  const cli = (...args: string[]): Promise<RunOutcome> => runCli(['sweep', 'run', sweep, '--engine', 'slurm', ...args], { cwd: folder.path, env: { PATH: join(folder.path, 'nothing') } });
  beforeAll(async () => {
    sweep = await plan(small, 8);
  });

  test('there is a clear message, and nothing is written', async () => {
    const { code, stdout, stderr } = await cli('--chunk', '1');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^rbm-train: sbatch: not found: Slurm is not installed here\nUse --engine local/m);
    expect(existsSync(join(folder.path, sweep, 'slurm'))).toBe(false);
  });

  test('--dry-run prints scripts and commands all the same', async () => {
    const { code, stdout, stderr } = await cli('--chunk', '1', '--dry-run', '--time', '2:00:00', '--max-parallel', '3');
    expect(code).toBe(0);
    expect(stderr).toMatch(/MaxArraySize is taken to be 1001/);
    expect(stdout).toContain('#SBATCH --array=0-7%3\n');
    expect(stdout).toContain('#SBATCH --time=2:00:00\n');
    expect(stdout).toContain(`exec '${process.execPath}' '${executable}' sweep task '${join(folder.path, sweep).replaceAll("'", `'\\''`)}' --chunk 1 --offset 0 --max-requeues 1000 --threads 1\n`);
    expect(stdout).toContain('sbatch --parsable');
    expect(existsSync(join(folder.path, sweep, 'slurm'))).toBe(false);
    const { stdout: json } = await cli('--chunk', '1', '--dry-run', '--json', '--quiet');
    const { scripts, commands } = JSON.parse(json) as { scripts: { path: string; text: string }[]; commands: string[][] };
    expect(scripts.map(({ path }) => path.slice(join(folder.path, sweep).length))).toEqual(['/slurm/task.sbatch', '/slurm/gather.sbatch']);
    expect(commands).toEqual([
      ['sbatch', '--parsable', '--job-name=sweep-it_s_sweep_0', scripts[0].path],
      ['sbatch', '--parsable', '--job-name=sweep-it_s_sweep_0', '--dependency=afterany:<job of task.sbatch>', scripts[1].path],
    ]);
  });

  test.each([
    [['--warn', '70000'], '--warn 70000'],
    [['--chunk', '0'], '--chunk 0'],
    [['--max-parallel', 'x'], '--max-parallel x'],
    [['--sbatch-arg=mem'], '--sbatch-arg mem'],
    [['--jobs', '3'], '--jobs: for this machine only'],
    [['--partition', 'a\nb'], '--partition a\\u000ab'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await cli('--dry-run', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(`rbm-train: ${message}`);
  });
});

test('short tasks are put together, so that 8 places have two elements each; long ones stand alone', async () => {
  const slurm = new FakeSlurm();
  const chunk = async (sweep: string, ...args: string[]): Promise<string | undefined> =>
    /--chunk (\d+)/.exec((await slurm.cli('sweep', 'run', sweep, '--engine', 'slurm', '--dry-run', ...args)).stdout)?.[1];
  const short = await plan(small, 50);
  expect(await chunk(short)).toBe('3');
  expect(await chunk(short, '--max-parallel', '2')).toBe('12');
  expect(await chunk(await plan(small.replace('20', '20000000'), 50))).toBe('1');
  // What the first has taken says more than its config.
  expect((await slurm.cli('sweep', 'task', short, '--index', '0')).code).toBe(0);
  const { tasks } = JSON.parse(readFileSync(join(folder.path, short, 'manifest.json'), 'utf8')) as { tasks: { id: string }[] };
  const execution = join(folder.path, short, 'tasks', tasks[0].id, 'execution.json');
  const record = JSON.parse(readFileSync(execution, 'utf8')) as { sessions: object[] };
  writeFileSync(execution, JSON.stringify({ ...record, sessions: [{ ...record.sessions[0], cpuSeconds: 12 }, { ...record.sessions[0], cpuSeconds: 18 }] }));
  expect(await chunk(short)).toBe('2');
});

test('arrays are submitted in pieces and remembered; what is queued is not submitted again', async () => {
  const slurm = new FakeSlurm();
  const sweep = await plan(small, 8);
  const run = ['sweep', 'run', sweep, '--engine', 'slurm', '--chunk', '1', '--max-parallel', '2'];
  const first = await slurm.cli(...run);
  expect(first).toMatchObject({ code: 0, stdout: 'job 101: elements 0-4\njob 102: elements 0-2 (+ 5)\n', stderr: '8 tasks: 0 done, 0 queued or running, 8 to submit\n' });
  const path = (name: string): string => join(folder.path, sweep, 'slurm', name);
  const name = `sweep-${sweep.replaceAll(/[ ']/g, '_')}`;
  const given = ['--parsable', `--job-name=${name}`];
  expect(slurm.callsOf('sbatch')).toEqual([
    [...given, path('task.sbatch')],
    [...given, '--dependency=afterany:101', path('task-2.sbatch')],
    [...given, '--dependency=afterany:101:102', path('gather.sbatch')],
  ]);
  expect(scriptOf(sweep, 'task.sbatch')).toContain('--array=0-4%2\n');
  expect(scriptOf(sweep, 'task-2.sbatch')).toMatch(/--array=0-2%2\n[^]* --chunk 1 --offset 5 /);
  expect(scriptOf(sweep, 'gather.sbatch')).toMatch(/ sweep gather /);
  expect(existsSync(path('logs'))).toBe(true);
  expect(jobFiles(sweep)).toEqual(['101.json', '102.json', '103.json']);

  // Element 3 has ended without a result; all others are queued or running.
  const lines = [...[0, 1].map((element) => `101 ${element} R ${name}`), `101 2 PD ${name}`, `101 3 F ${name}`, `101 4 PD ${name}`, ...[0, 1, 2].map((element) => `102 ${element} PD ${name}`), `103 N/A PD ${name}`];
  slurm.says('squeue', 1, lines.join('\n'));
  const status = await slurm.cli('sweep', 'status', sweep);
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(status.stdout).toBe('not started       8 of 8  0-7\nqueued            5 of 8  2,4-7\nrunning           2 of 8  0-1\n');
  const second = await slurm.cli(...run);
  expect(second).toMatchObject({ code: 0, stdout: 'job 104: elements 3\n', stderr: '8 tasks: 0 done, 7 queued or running, 1 to submit\n' });
  expect(slurm.callsOf('sbatch').at(-1)).toEqual([...given, '--dependency=afterany:101:102:104', path('gather.sbatch')]);
  expect(slurm.callsOf('squeue').at(-1)).toContain('--jobs=101,102,103');

  slurm.says('squeue', 3, [...lines, `104 3 R ${name}`].join('\n'));
  const third = await slurm.cli(...run, '--json');
  expect(third).toMatchObject({ code: 0, stdout: '{"tasks":8,"done":0,"queued":8,"submitted":[]}\n' });

  // Jobs that have been over for long.
  slurm.fails('squeue', 4, 'slurm_load_jobs error: Invalid job id specified');
  expect((await slurm.cli('sweep', 'status', sweep)).stdout).toBe('not started       8 of 8  0-7\n');
});

test('a controller that does not answer: its words, and what was submitted before stays remembered', async () => {
  const slurm = new FakeSlurm();
  const sweep = await plan(small, 8);
  slurm.fails('sbatch', 2, 'sbatch: error: Batch job submission failed: \u001b[31mUnable to contact slurm controller');
  const { code, stdout, stderr } = await slurm.cli('sweep', 'run', sweep, '--engine', 'slurm', '--chunk', '1');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('rbm-train: sbatch failed: sbatch: error: Batch job submission failed: \\u001b[31mUnable to contact slurm controller\n');
  expect(jobFiles(sweep)).toEqual(['101.json']);
  slurm.fails('squeue', 1, 'slurm_load_jobs error: Unable to contact slurm controller');
  const status = await slurm.cli('sweep', 'status', sweep);
  expect(status).toMatchObject({ code: 0, stdout: 'not started       8 of 8  0-7\n' });
  expect(status.stderr.match(/^warning: what is queued and running is not known: .*Unable to contact/gm)).toHaveLength(1);
  // Nothing is submitted twice because nobody could say that it is queued.
  slurm.fails('squeue', 2, 'slurm_load_jobs error: Unable to contact slurm controller');
  expect((await slurm.cli('sweep', 'run', sweep, '--engine', 'slurm')).code).toBe(1);
  expect(slurm.callsOf('sbatch')).toHaveLength(2);
});

test('variables of the user’s do not change which elements there are, who is signalled, or what squeue shows', async () => {
  const slurm = new FakeSlurm();
  const sweep = await plan(small, 2);
  const contrary = ['SBATCH_ARRAY_INX', 'SBATCH_SIGNAL', 'SBATCH_WAIT', 'SBATCH_NO_REQUEUE', 'SBATCH_OUTPUT', 'SBATCH_OPEN_MODE', 'SQUEUE_PARTITION', 'SQUEUE_USERS', 'SQUEUE_FORMAT2', 'SCONTROL_FUTURE'];
  const welcome = { SBATCH_MEM_PER_CPU: '1G', SLURM_CLUSTERS: 'east', SLURM_CONF: '/etc/slurm.conf' };
  const env = { ...Object.fromEntries(contrary.map((name) => [name, '7'])), ...welcome };
  const run = ['sweep', 'run', sweep, '--engine', 'slurm', '--chunk', '1', '--time', '30', '--partition', 'long', '--account', 'us'];
  expect(await slurm.cliWith(env, ...run)).toMatchObject({ code: 0 });
  await slurm.cliWith(env, 'sweep', 'status', sweep);
  for (const name of ['sbatch', 'squeue', 'scontrol']) expect(slurm.variablesOf(name)).toEqual(Object.entries(welcome).map(([key, value]) => `${key}=${value}`).toSorted());
  // SBATCH_TIMELIMIT and the like count for more than a script, and less than the command line.
  for (const words of slurm.callsOf('sbatch')) expect(words).toEqual(expect.arrayContaining(['--time=30', '--partition=long', '--account=us']));
});

test('a time limit that comes before a task can do anything is told', async () => {
  const slurm = new FakeSlurm();
  const sweep = await plan(small, 2);
  const stderr = async (...args: string[]): Promise<string> => (await slurm.cli('sweep', 'run', sweep, '--engine', 'slurm', '--dry-run', ...args)).stderr;
  expect(await stderr('--time', '2')).toMatch(/^warning: --time 2: tasks are told to save 120 s before that \(--warn\), or up to 60 s sooner/m);
  expect(await stderr('--time', '3:00')).toMatch(/^warning: --time 3:00: /m);
  for (const args of [[], ['--time', '4'], ['--time', '3', '--warn', '90'], ['--time', '1', '--warn', '0'], ['--time', 'UNLIMITED']]) expect(await stderr(...args)).not.toContain('warning');
});

test('Ctrl-C while sbatch runs: the job that it submits is remembered, and no other is submitted', async () => {
  const slurm = new FakeSlurm();
  const sweep = await plan(small, 8);
  writeFileSync(join(slurm.path, 'sbatch.waits'), '');
  // As a terminal does: the signal goes to the whole group.
  const child = spawn(process.execPath, [executable, 'sweep', 'run', sweep, '--engine', 'slurm', '--chunk', '1'], { cwd: folder.path, env: { ...process.env, PATH: slurm.path }, detached: true });
  const outcome = outcomeOf(child);
  while (slurm.callsOf('sbatch').length === 0 && child.exitCode === null) await sleep(20);
  process.kill(-child.pid!, 'SIGINT');
  writeFileSync(join(slurm.path, 'sbatch.goes'), '');
  expect(await outcome).toMatchObject({ code: 130, stdout: '' });
  expect(slurm.callsOf('sbatch')).toHaveLength(1);
  expect(jobFiles(sweep)).toEqual(['101.json']);
});

test('an answer of sbatch that is no number', async () => {
  const slurm = new FakeSlurm();
  slurm.says('sbatch', 1, 'hello');
  const { code, stderr } = await slurm.cli('sweep', 'run', await plan(small, 2), '--engine', 'slurm', '--chunk', '1');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^rbm-train: sbatch: hello: is no job number/m);
});

test('the job of a federation, and a sweep that is done', async () => {
  const slurm = new FakeSlurm();
  slurm.says('sbatch', 1, '77;east');
  const sweep = await plan(small, 2);
  expect((await slurm.cli('sweep', 'run', sweep, '--engine', 'slurm', '--chunk', '2')).stdout).toBe('job 77: elements 0, 2 tasks to each\n');
  for (const index of ['0', '1']) expect((await slurm.cli('sweep', 'task', sweep, '--index', index)).code).toBe(0);
  expect(await slurm.cli('sweep', 'run', sweep, '--engine', 'slurm', '--wait')).toMatchObject({ code: 0, stdout: 'nothing to submit\n' });
  expect(slurm.callsOf('sbatch')).toHaveLength(2);
});

describe('--wait', () => {
  test('ends when the queue is empty, though Slurm does not answer every time; exit code 6 and what is missing', async () => {
    const slurm = new FakeSlurm();
    const sweep = await plan(small, 3);
    const name = `sweep-${sweep.replaceAll(/[ ']/g, '_')}`;
    for (const index of ['0', '1']) expect((await slurm.cli('sweep', 'task', sweep, '--index', index)).code).toBe(0);
    slurm.says('squeue', 1, `101 2 R ${name}\n102 N/A PD ${name}`);
    slurm.fails('squeue', 2, 'slurm_load_jobs error: Unable to contact slurm controller');
    slurm.says('squeue', 3, `101 2 F ${name}\n102 N/A CD ${name}`);
    const { code, stdout, stderr } = await slurm.cli('sweep', 'run', sweep, '--engine', 'slurm', '--wait', '--chunk', '1');
    expect({ code, stdout }).toEqual({ code: 6, stdout: 'job 101: elements 2\n' });
    expect(stderr).toMatch(
      /^3 tasks: 2 done, 0 queued or running, 1 to submit\n2 of 3 done, 1 running, 0 queued\nwarning: squeue failed: .*\n2 of 3 done, 0 running, 0 queued\nrbm-train: 1 of 3 tasks are missing: 2\n/,
    );
  });

  test('how many trainings diverged is said', async () => {
    const slurm = new FakeSlurm();
    const sweep = await plan(small.replace('updates: 20', 'updates: 2000, learningRate: 1e308'), 1);
    const name = `sweep-${sweep.replaceAll(/[ ']/g, '_')}`;
    expect((await slurm.cli('sweep', 'run', sweep, '--engine', 'slurm', '--chunk', '1')).code).toBe(0);
    expect((await slurm.cli('sweep', 'task', sweep, '--index', '0')).code).toBe(4);
    slurm.says('squeue', 1, `101 0 CG ${name}`);
    slurm.says('squeue', 2, `101 0 F ${name}`);
    expect(await slurm.cli('sweep', 'run', sweep, '--engine', 'slurm', '--wait')).toMatchObject({ code: 0, stdout: 'nothing to submit\nall 1 tasks are done; 1 diverged\n' });
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s leaves the jobs alone', async (signal, code) => {
    const slurm = new FakeSlurm();
    const sweep = await plan(small, 3);
    slurm.says('squeue', 1, `101 0 R sweep-${sweep.replaceAll(/[ ']/g, '_')}`);
    const child = startCli(['sweep', 'run', sweep, '--engine', 'slurm', '--wait', '--chunk', '1'], { cwd: folder.path, env: { PATH: slurm.path } });
    const outcome = outcomeOf(child);
    await new Promise<void>((resolve) => child.stderr!.on('data', (text: string) => text.includes('1 running') && resolve()));
    child.kill(signal);
    expect(await outcome).toMatchObject({ code, signal: null, stderr: expect.stringContaining('the jobs go on') });
    expect(slurm.callsOf('scontrol')).toEqual([['show', 'config']]);
  });
});

describe('signals of a task', () => {
  let updating: string;
  let evaluating: string;
  beforeAll(async () => {
    updating = await plan(endless(`every: 'never', logLikelihood: 'never'`), 3);
    evaluating = await plan(endless(`every: { updates: 10 }, logLikelihood: 'exact', exactCostLimit: 1e15`), 1);
  });

  /** Checkpoints of a sweep's first task. */
  function checkpoints(sweep: string): string[] {
    const { tasks } = JSON.parse(readFileSync(join(folder.path, sweep, 'manifest.json'), 'utf8')) as { tasks: { id: string }[] };
    const path = join(folder.path, sweep, 'tasks', tasks[0].id, 'checkpoints');
    return existsSync(path) ? readdirSync(path).filter((name) => /^update-\d+\.safetensors$/.test(name)).toSorted() : [];
  }

  async function until(holds: () => boolean, child: ChildProcess): Promise<void> {
    while (!holds() && child.exitCode === null && child.signalCode === null) await sleep(20);
  }

  /** Starts a task, sends it a signal once it has written a new checkpoint, and waits for its end. */
  async function signalled(sweep: string, signal: NodeJS.Signals, env: Record<string, string>, ...args: string[]): Promise<RunOutcome & { slurm: FakeSlurm }> {
    const slurm = new FakeSlurm();
    if (env.fails !== undefined) slurm.fails('scontrol', 1, env.fails);
    const before = checkpoints(sweep).at(-1);
    const child = startCli(['sweep', 'task', sweep, '--threads', '1', ...args], { cwd: folder.path, env: { ...env, PATH: slurm.path } });
    const outcome = outcomeOf(child);
    await until(() => checkpoints(sweep).at(-1) !== before, child);
    child.kill(signal);
    return { ...(await outcome), slurm };
  }

  const array = { SLURM_JOB_ID: '78', SLURM_ARRAY_JOB_ID: '77', SLURM_ARRAY_TASK_ID: '0' };
  const requeued = (id: string): string[][] => [['scontrol', 'requeue', id]];

  test('USR2 under Slurm: saves, queues its element again, once, and ends with 75', async () => {
    const { code, stderr, slurm } = await signalled(updating, 'SIGUSR2', { ...array, SLURM_RESTART_COUNT: '4' });
    expect(code).toBe(75);
    expect(slurm.calls).toEqual(requeued('77_0'));
    expect(stderr).toMatch(/stopped by SIGUSR2; it goes on from there when it is run again\njob 77_0 queues itself again \(5 of at most 1000 times\)\n$/);
  });

  test('USR2 in a chunk that is not done: as well', async () => {
    const { code, slurm } = await signalled(updating, 'SIGUSR2', array, '--chunk', '3');
    expect(code).toBe(75);
    expect(slurm.calls).toEqual(requeued('77_0'));
  });

  test('USR2 in a job that is no array', async () => {
    const { code, slurm } = await signalled(updating, 'SIGUSR2', { SLURM_JOB_ID: '88' }, '--index', '0');
    expect(code).toBe(75);
    expect(slurm.calls).toEqual(requeued('88'));
  });

  test('USR2 as often as it may: no more', async () => {
    const { code, stderr, slurm } = await signalled(updating, 'SIGUSR2', { ...array, SLURM_RESTART_COUNT: '5' }, '--max-requeues', '5');
    expect(code).toBe(75);
    expect(slurm.calls).toEqual([]);
    expect(stderr).toContain('job 77_0 is not queued again: it was started again 5 times, of 5 (--max-requeues)');
  });

  test('USR2 where nothing was done: Slurm would do the same for ever', async () => {
    const { code, stderr, slurm } = await signalled(evaluating, 'SIGUSR2', array);
    expect(code).toBe(75);
    expect(slurm.calls).toEqual([]);
    expect(stderr).toContain('job 77_0 is not queued again: nothing was done since it was started, as it would be again where its time limit is too short');
  });

  test('USR2 where Slurm refuses', async () => {
    const { code, stderr, slurm } = await signalled(updating, 'SIGUSR2', { ...array, fails: 'Requested operation is presently disabled' });
    expect(code).toBe(75);
    expect(slurm.calls).toEqual(requeued('77_0'));
    expect(stderr).toContain('job 77_0 is not queued again: scontrol failed: Requested operation is presently disabled; rbm-train sweep run does it');
  });

  test('USR2 where the controller does not answer at first: it is asked again', async () => {
    const { code, stderr, slurm } = await signalled(updating, 'SIGUSR2', { ...array, fails: 'Unable to contact slurm controller (connect failure)' });
    expect(code).toBe(75);
    expect(slurm.calls).toEqual([...requeued('77_0'), ...requeued('77_0')]);
    expect(stderr).not.toContain('is not queued again');
  });

  test('USR2 outside of Slurm', async () => {
    const { code, stderr, slurm } = await signalled(updating, 'SIGUSR2', {}, '--index', '0');
    expect(code).toBe(75);
    expect(slurm.calls).toEqual([]);
    expect(stderr).not.toContain('queue');
  });

  test('USR2 in a process of a pool: the job is not its own to end', async () => {
    const slurm = new FakeSlurm();
    const before = checkpoints(updating).at(-1);
    const child = fork(executable, ['sweep', 'task', updating, '--threads', '1'], { cwd: folder.path, env: { ...process.env, ...array, PATH: slurm.path }, silent: true });
    const outcome = outcomeOf(child);
    await until(() => checkpoints(updating).at(-1) !== before, child);
    child.kill('SIGUSR2');
    expect(await outcome).toMatchObject({ code: 75, stderr: expect.not.stringContaining('queue') });
    expect(slurm.calls).toEqual([]);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s: saves, and is not queued again', async (signal, expected) => {
    const before = checkpoints(updating).at(-1);
    const { code, stderr, slurm } = await signalled(updating, signal, array);
    expect(code).toBe(expected);
    expect(slurm.calls).toEqual([]);
    expect(stderr).toContain(`stopped by ${signal}`);
    expect(checkpoints(updating).at(-1)! > (before ?? '')).toBe(true);
  });
});
