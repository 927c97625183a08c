/**
 * Every file-system call of every command fails in turn, with every error that it can fail with: once, or from then on.
 * A training goes on, or ends with a message and is continued to the same files; another command leaves all of its output
 * or nothing.
 */

import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { faultOfMessage, outcomeOf, temporaryFiles } from '../context.js';
import { canFail, codes } from '../injection/patch.js';

const patchModule = new URL('../injection/patch.js', import.meta.url).href;
const batchScript = fileURLToPath(new URL('../injection/batch.js', import.meta.url));

/** What the user is told, by code. */
const reasons = {
  EIO: /the device failed/,
  ESTALE: /the server has lost it/,
  ETIMEDOUT: /did not answer/,
  ENOSPC: /no space left/,
  EDQUOT: /quota is used up/,
  EMFILE: /too many open files/,
  ENFILE: /too many open files on this machine/,
  EACCES: /permission denied/,
  EROFS: /read-only/,
};

/** In the bounded form, so many failures of each call are tried on average. */
const boundedShare = 0.2;

/** Calls whose failure must be told also where the command gets all of its work done: a file was not written when it was to be. */
function mustBeTold({ kind, name }) {
  return ['create', 'change', 'write', 'close'].includes(kind) && name.endsWith('.tmp') && !/finished-|mnist-/.test(name);
}

const everywhere = ['config.json', 'data.csv', 'model.safetensors', 'cache', 'tmp'];

/**
 * `given`: what is there before, beside what is there everywhere; `output`: what a command writes.
 *
 * @type {readonly {name: string, args: string[], given?: readonly string[], output?: string, isTraining?: boolean}[]}
 */
const scenarios = [
  { name: 'training', args: ['--config', 'config.json', '--threads', '1'], isTraining: true },
  { name: 'resuming', args: ['--resume', 'run', '--set', 'training.updates=6', '--threads', '1'], given: ['half'], isTraining: true },
  { name: 'replacing', args: ['--config', 'config.json', '--force', '--threads', '1'], given: ['half'], isTraining: true },
  { name: '--print-config', args: ['--config', 'config.json', '--print-config'] },
  { name: '--dry-run', args: ['--config', 'config.json', '--dry-run', '--threads', '1'] },
  { name: 'evaluate', args: ['evaluate', 'run', '--threads', '1'], given: ['run'] },
  { name: 'evaluate --best', args: ['evaluate', 'run', '--best', '--data', 'data.csv', '--per-example', 'out.npy', '--threads', '1'], given: ['run'], output: 'out.npy' },
  { name: 'sample', args: ['sample', 'run', '--output', 'out.npy'], given: ['run'], output: 'out.npy' },
  { name: 'sample --start data', args: ['sample', 'run', '--start', 'data', '--output', 'out.png'], given: ['run'], output: 'out.png' },
  { name: 'transform', args: ['transform', 'run', '--output', 'out.csv'], given: ['run', 'out.csv'], output: 'out.csv' },
  { name: 'export', args: ['export', 'run', '--npz', 'new/folder/out.npz'], given: ['run'], output: 'new/folder/out.npz' },
  { name: 'export of a file', args: ['export', 'model.safetensors', '--npz', 'out.npz'], given: ['out.npz'], output: 'out.npz' },
  { name: 'inspect', args: ['inspect', 'run'], given: ['run'] },
  { name: 'verify', args: ['verify', 'run'], given: ['run'] },
  { name: 'data', args: ['data', 'config.json'] },
  { name: 'init', args: ['init', 'new.json'], output: 'new.json' },
  { name: 'init, a file is there', args: ['init', 'new.json'], given: ['new.json'], output: 'new.json' },
];

const recovery = ['--config', 'config.json', '--resume-or-start', '--threads', '1'];

const config = (updates) => `{
  seed: 'faults', output: 'run',
  data: { source: 'file', path: 'data.csv', validation: { count: 4 } }, model: { from: 'model.safetensors' },
  training: { algorithm: 'sml', chains: 6, updates: ${updates}, batchSize: 4, learningRate: 0.1 },
  evaluation: { every: { updates: 2 } },
  checkpoint: { every: { updates: 2 }, keep: 1 }, log: { every: { updates: 1 } },
}
`;

/** Trials of the tool in folders of their own, many in one process. */
class Trials {
  #context;
  #material;
  #count = 0;
  /** A training that `context.compare` knows. */
  training;

  constructor(context) {
    this.#context = context;
    this.#material = join(context.folder, 'material');
    const rows = Array.from({ length: 16 }, () => Array.from({ length: 9 }, () => Math.round(context.random())).join(','));
    for (const folder of ['cache', 'tmp']) mkdirSync(join(this.#material, folder), { recursive: true });
    writeFileSync(join(this.#material, 'data.csv'), `${rows.join('\n')}\n`);
    for (const name of ['out.npz', 'out.csv', 'new.json']) writeFileSync(join(this.#material, name), 'old\n');
    const start = "{ seed: 'start', output: 'start', data: { source: 'file', path: 'data.csv' }, model: { hiddenUnits: 4 }, training: { algorithm: 'cd', updates: 1, learningRate: 0.1 } }";
    writeFileSync(join(this.#material, 'start.json'), start);
    writeFileSync(join(this.#material, 'config.json'), config(6));
    writeFileSync(join(this.#material, 'four.json'), config(4));
    this.training = { name: 'files', config: config(6).replace(/(path|from): '/g, `$1: '${this.#material}/`) };
  }

  /** Makes the model to start from, a run that is half done and one that is finished. */
  async prepare() {
    const make = async (...args) => {
      const { code, stderr } = await this.#context.run([...args, '--quiet'], { cwd: this.#material });
      if (code !== 0) throw new Error(stderr);
    };
    await make('--config', 'start.json');
    cpSync(join(this.#material, 'start', 'checkpoints', 'update-0000000000001.safetensors'), join(this.#material, 'model.safetensors'));
    await make('--config', 'config.json');
    await make('--config', 'four.json', '--output', 'half');
    await this.#context.reference(this.training);
  }

  /** A new folder with what a scenario starts from. */
  folder({ given = [] }) {
    const folder = join(this.#context.folder, `trial-${this.#count++}`);
    mkdirSync(folder);
    for (const name of [...everywhere, ...given]) {
      const target = join(folder, name === 'half' ? 'run' : name);
      cpSync(join(this.#material, name), target, { recursive: true });
      const runConfig = join(target, 'config.json');
      if (existsSync(runConfig)) writeFileSync(runConfig, readFileSync(runConfig, 'utf8').replaceAll(this.#material, folder));
    }
    return folder;
  }

  /** Runs jobs one after the other in one process. @param {import('../injection/batch.js').Job[]} jobs @returns {Promise<import('../injection/batch.js').JobOutcome[]>} */
  async run(jobs) {
    if (jobs.length === 0) return [];
    const file = join(this.#context.folder, 'jobs.json');
    writeFileSync(file, JSON.stringify(jobs));
    const child = spawn(process.execPath, [batchScript, file], { stdio: ['ignore', 'pipe', 'pipe'] });
    const { stdout, stderr } = await outcomeOf(child, 3_600_000);
    const outcomes = stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
    if (outcomes.length !== jobs.length) throw new Error(`job ${outcomes.length} of ${jobs.length} ended the process: ${JSON.stringify(jobs[outcomes.length])} ${stderr}`);
    return outcomes;
  }
}

/** Every file below a folder with its content, but what runs at other times write differently, and what verify could not remove. */
function contentsOf(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => !/execution\.json$|^tmp\//.test(name) && statSync(join(folder, name)).isFile());
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'latin1').replaceAll(folder, '')]));
}

/** What a command printed, wherever it worked. */
function printed({ stdout }, folder) {
  return stdout.replaceAll(folder, '');
}

/** Whether a message tells of what was injected, of a file that exists or is to. */
function tells(stderr, code, folder) {
  return stderr.split('\n').some((line) => reasons[code].test(line) && (line.includes(folder) || /[\w-]+\.(json|csv|npz|npy|png|safetensors)|run/.test(line)));
}

/** Why the end of a command is not what a user should see. */
function faultOfEnd(outcome, { code, call, folder }) {
  const fault = faultOfMessage(outcome, code === 'EACCES' ? [0, 1, 2, 3] : [0, 1]);
  if (fault !== undefined) return fault;
  if (tells(outcome.stderr, code, folder)) return outcome.code === 0 || outcome.stderr.match(/^rbm-train: /gm)?.length === 1 ? undefined : `more or less than one message: ${outcome.stderr}`;
  if (outcome.code === 0 && !mustBeTold(call)) return undefined;
  return `exit ${outcome.code}, and nobody is told of it: ${JSON.stringify(outcome.stderr.slice(-500))}`;
}

/** Why what a command left, other than a training, is not all of its output or nothing. */
function faultOfOutput(outcome, { folder, undisturbed, before, after, usual, output }) {
  const left = contentsOf(folder);
  const isWritten = outcome.code === 0 || (output !== undefined && left[output] === after[output]);
  const whole = isWritten ? after : before;
  const different = [...new Set([...Object.keys(left), ...Object.keys(whole)])].filter((file) => left[file] !== whole[file]);
  if (different.length > 0) return `exit ${outcome.code}, and left other files than it should: ${different.join(', ')}`;
  if (outcome.code === 0 && printed(outcome, folder) !== printed(usual, undisturbed)) return 'it printed something else';
  if (outcome.code !== 0 && outcome.stdout !== '') return `it failed, but printed ${outcome.stdout.slice(0, 200)}`;
  return undefined;
}

/** The failures of calls that are tried. */
function injectionsFor(context, calls) {
  const all = calls.flatMap((call, index) => {
    const possible = codes.filter((code) => canFail(call, code));
    const share = context.bounded ? boundedShare / possible.length / 2 : 1;
    return possible.flatMap((code) =>
      [false, true].flatMap((lasting) => (context.random() < share ? [{ call, code, injection: { at: index + 1, code, lasting } }] : [])),
    );
  });
  return all.map((attempt) => ({ ...attempt, what: `${attempt.code} ${attempt.injection.lasting ? 'from' : 'at'} call ${attempt.injection.at} (${attempt.call.name})` }));
}

/** @type {import('../context.js').Fault} */
export const fileCalls = {
  name: 'an error from a file-system call',
  async *run(context) {
    const trials = new Trials(context);
    await trials.prepare();
    for (const scenario of scenarios) {
      const { name, args, output, isTraining } = scenario;
      const undisturbed = trials.folder(scenario);
      const before = contentsOf(undisturbed);
      const [usual] = await trials.run([{ args, folder: undisturbed, injection: {} }]);
      const after = contentsOf(undisturbed);
      const attempts = injectionsFor(context, usual.calls).map((attempt) => ({ ...attempt, folder: trials.folder(scenario) }));
      const outcomes = await trials.run(attempts.map(({ folder, injection }) => ({ args, folder, injection })));
      // In another process: temporary files can be collected only when those that left them are dead.
      const again = attempts.filter(({ folder, injection }) => isTraining || (injection.lasting && temporaryFiles(folder).length > 0));
      const recoveries = await trials.run(again.map(({ folder }) => ({ args: isTraining ? recovery : args, folder })));
      for (const [index, attempt] of attempts.entries()) {
        const { folder, what } = attempt;
        const outcome = outcomes[index];
        let failure = faultOfEnd(outcome, attempt);
        if (failure === undefined && isTraining) {
          const { code, stderr } = recoveries[index];
          failure = code === 0 ? await context.compare(trials.training, join(folder, 'run')) : `it could not be continued: exit ${code} ${stderr}`;
        } else if (failure === undefined) {
          const left = name === 'verify' ? [] : temporaryFiles(folder);
          failure = faultOfOutput(outcome, { folder, undisturbed, before, after, usual, output }) ?? (left.length > 0 ? `temporary files are left: ${left.join(', ')}` : undefined);
        }
        yield { what: `${name}: ${what}`, failure };
        rmSync(folder, { recursive: true });
      }
    }
  },
};

/** Reads and writes that do a part of what they are asked for are no failures: nothing changes. @type {import('../context.js').Fault} */
export const shortCalls = {
  name: 'short reads and writes',
  async *run(context) {
    const trials = new Trials(context);
    await trials.prepare();
    const tried = scenarios.map((scenario) => ({ ...scenario, usualFolder: trials.folder(scenario), folder: trials.folder(scenario) }));
    const usual = await trials.run(tried.map(({ args, usualFolder }) => ({ args, folder: usualFolder })));
    const short = await trials.run(tried.map(({ args, folder }) => ({ args, folder, injection: { short: true } })));
    for (const [index, { name, folder, usualFolder }] of tried.entries()) {
      const [found, expected] = [contentsOf(folder), contentsOf(usualFolder)];
      const different = Object.keys(expected).filter((file) => found[file] !== expected[file]);
      const isSame = short[index].code === usual[index].code && printed(short[index], folder) === printed(usual[index], usualFolder) && different.length === 0;
      yield { what: name, failure: isSame ? undefined : `exit ${short[index].code}, different files: ${different.join(', ')}; ${short[index].stderr.slice(-300)}` };
    }
  },
};

/** As above, in processes of their own with threads: none of them hangs. @type {import('../context.js').Fault} */
export const fileCallsWithThreads = {
  name: 'an error from a file-system call, with threads',
  async *run(context) {
    const trials = new Trials(context);
    await trials.prepare();
    const scenario = scenarios[0];
    const args = [...scenario.args.slice(0, -1), '2'];
    const [{ calls }] = await trials.run([{ args: scenario.args, folder: trials.folder(scenario), injection: {} }]);
    const all = injectionsFor({ random: context.random, bounded: false }, calls);
    for (let tried = 0; tried < (context.bounded ? 3 : 60); tried++) {
      const attempt = { ...all[Math.floor(context.random() * all.length)], folder: trials.folder(scenario) };
      const { folder, injection, what } = attempt;
      const env = { XDG_CACHE_HOME: join(folder, 'cache'), TMPDIR: join(folder, 'tmp') };
      const fault = { NODE_OPTIONS: `--import ${patchModule}`, RBM_FAULT: JSON.stringify({ ...injection, below: folder }) };
      let failure = faultOfEnd(await context.run(args, { cwd: folder, env: { ...env, ...fault } }), attempt);
      if (failure === undefined) {
        const { code, stderr } = await context.run(recovery, { cwd: folder, env });
        failure = code === 0 ? await context.compare(trials.training, join(folder, 'run')) : `it could not be continued: exit ${code} ${stderr}`;
      }
      yield { what, failure };
    }
  },
};
