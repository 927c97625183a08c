/** What every fault needs: trainings to do it to, processes to do it in, and the check of what is left afterwards. */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import seedrandom from 'seedrandom';

import { trainings } from './trainings.js';

const executable = fileURLToPath(new URL('../../bin/rbm-train.js', import.meta.url));

/** How long a process may take before it counts as hung, in milliseconds: more than a hundred times what it needs. */
const hangLimit = 120_000;

/**
 * One try of a fault.
 *
 * @typedef {{what: string, failure?: string, skip?: string, kind?: string}} Attempt `failure`: why it was not survived;
 * `skip`: why it could not be tried here; `kind`: what the tries of a fault are counted by, such as what was hit
 * @typedef {{name: string, run(context: FaultContext): AsyncGenerator<Attempt>}} Fault
 * @typedef {{code: number | null, signal: string | null, stdout: string, stderr: string}} Outcome `signal` is 'hung' where the process had to be ended
 * @typedef {{env?: Record<string, string>, shell?: string, cwd?: string, preload?: string | string[]}} StartOptions `shell`: commands
 * before the tool, such as `ulimit -f 10`; `preload`: files in preloads/ that are run before the tool, in every thread
 * @typedef {{child: import('node:child_process').ChildProcess, outcome: Promise<Outcome>, seen(pattern: RegExp): Promise<boolean>}} Started
 * `seen` waits until stderr matches; false where the process ended without it
 */

/** Names of the temporary files below a folder. */
export function temporaryFiles(folder) {
  return readdirSync(folder, { recursive: true }).filter((name) => /(^|\/)\.[^/]*(\.tmp|\.\d+)$/.test(name));
}

/** Starts the tool. @param {string[]} args @param {StartOptions & {cwd: string}} options */
export function startTool(args, { cwd, env = {}, shell, preload }) {
  const { NODE_OPTIONS: _options, FORCE_COLOR: _colour, ...inherited } = process.env;
  const preloads = [preload ?? []].flat().map((file) => `--require ${JSON.stringify(fileURLToPath(new URL(`preloads/${file}`, import.meta.url)))}`);
  if (preloads.length > 0) inherited.NODE_OPTIONS = preloads.join(' ');
  const [command, before] = shell === undefined ? [process.execPath, [executable]] : ['sh', ['-c', `${shell}; exec "$0" "$@"`, process.execPath, executable]];
  // A fault of its own looks at how the report is written: for all others, it would be half of the time that they take.
  return spawn(command, [...before, ...args], { cwd, env: { RBM_TRAIN_REPORT: 'never', ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** How a process ends. @returns {Promise<Outcome>} */
export function outcomeOf(child, limit = hangLimit) {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (texts[name] += text));
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    child.kill('SIGKILL');
  }, limit);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal: hung ? 'hung' : signal, ...texts });
    });
  });
}

/** Waits for so many seconds. */
export function sleep(seconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, 1000 * seconds);
  });
}

/** A process that is followed while it runs. @param {import('node:child_process').ChildProcess} child @returns {Started} */
export function follow(child) {
  let text = '';
  let hasEnded = false;
  const watchers = new Set();
  const tell = () => {
    for (const watcher of watchers) watcher();
  };
  const outcome = outcomeOf(child).finally(() => {
    hasEnded = true;
    tell();
  });
  child.stderr.on('data', (more) => {
    text += more;
    tell();
  });
  const seen = (pattern) =>
    new Promise((resolve) => {
      const watcher = () => {
        if (!hasEnded && !pattern.test(text)) return;
        watchers.delete(watcher);
        resolve(pattern.test(text));
      };
      watchers.add(watcher);
      watcher();
    });
  return { child, outcome, seen };
}

/** Why a message is not what a user should see; undefined where it is. @param {Outcome} outcome */
export function faultOfMessage({ code, signal, stderr }, expectedCodes = [0, 1]) {
  if (signal !== null) return signal === 'hung' ? 'the process hung' : `the process ended by ${signal}: ${stderr.slice(-500)}`;
  if (!expectedCodes.includes(code ?? -1)) return `exit code ${code} is not one of ${expectedCodes}: ${stderr.slice(-500)}`;
  if (/internal error|^\s+at .*:\d+:\d+|node:internal|Error: /m.test(stderr)) return `not a message for users: ${stderr.slice(-500)}`;
  return undefined;
}

/** By config: what is left of a training where nothing happens. The same for every fault. */
const references = new Map();

/** Trainings, processes and checks, in a folder of its own. */
export class FaultContext {
  /** @type {readonly import('./trainings.js').Training[]} */
  trainings = trainings;
  #runs = 0;

  /** @param {string} folder to be made @param {{bounded: boolean, seed: string}} options */
  constructor(folder, { bounded, seed }) {
    this.folder = folder;
    this.bounded = bounded;
    /** Uniform numbers, the same for the same seed. */
    this.random = seedrandom.alea(seed);
    mkdirSync(folder, { recursive: true });
  }

  /** The path of a new run, with no file there yet. */
  newRun() {
    return join(this.folder, `run-${this.#runs++}`);
  }

  /** The arguments that start or continue a training. */
  arguments(training, run) {
    return ['--config', this.configFile(training), '--output', run, '--resume-or-start', '--threads', String(training.threads ?? 1)];
  }

  configFile(training) {
    const file = join(this.folder, `${training.name.replaceAll(' ', '-')}.json`);
    if (!existsSync(file)) writeFileSync(file, training.config);
    return file;
  }

  /** @param {string[]} args @param {StartOptions} options */
  start(args, options = {}) {
    return startTool(args, { cwd: this.folder, ...options, env: { XDG_CACHE_HOME: join(this.folder, 'cache'), ...options.env } });
  }

  /** @param {string[]} args @param {StartOptions} options */
  run(args, options = {}) {
    return outcomeOf(this.start(args, options));
  }

  /** As `start`, to be followed while it runs. @param {string[]} args @param {StartOptions} options */
  follow(args, options = {}) {
    return follow(this.start(args, options));
  }

  /** A whole number from 0 to below `end`. */
  below(end) {
    return Math.floor(this.random() * end);
  }

  /** All of a list, or with --bounded so many of them, drawn by chance, in their order. */
  some(list, bounded) {
    const left = [...list.keys()];
    if (this.bounded) while (left.length > bounded) left.splice(this.below(left.length), 1);
    return left.map((index) => list[index]);
  }

  /** The lasting files of a training that nothing happened to, the seconds it took, and those up to its first update. */
  async reference(training) {
    let reference = references.get(training.config);
    if (reference === undefined) {
      const run = this.newRun();
      const start = performance.now();
      const { outcome, seen } = this.follow(this.arguments(training, run));
      await seen(/^update /m);
      const startSeconds = (performance.now() - start) / 1000;
      const { code, stderr } = await outcome;
      if (code !== 0) throw new Error(`${training.name}: the undisturbed training failed: ${stderr}`);
      reference = { seconds: (performance.now() - start) / 1000, startSeconds, files: lastingFiles(run) };
      references.set(training.config, reference);
    }
    return reference;
  }

  /**
   * Continues a disturbed training to its end and compares what it leaves with the undisturbed one: the same files, byte
   * for byte (so every event is in metrics.jsonl once), and no temporary file of a dead process.
   *
   * @param {StartOptions} [options]
   * @returns why they differ, undefined where they do not
   */
  async recover(training, run, options = {}) {
    const outcome = await this.run(this.arguments(training, run), options);
    return faultOfMessage(outcome, [0]) ?? this.compare(training, run);
  }

  /** As `recover`, of a training that has come to its end; `mayLeaveTemporaryFiles` where it was killed after that, `mayLackEnd` where that was at once. */
  async compare(training, run, { mayLeaveTemporaryFiles = false, mayLackEnd = false } = {}) {
    const { files } = await this.reference(training);
    const found = lastingFiles(run);
    for (const [name, content] of Object.entries(files)) {
      if (found[name] !== content) return `${name} differs from that of a training that nothing happened to`;
    }
    const { ended } = JSON.parse(readFileSync(join(run, 'execution.json'), 'utf8')).sessions.at(-1);
    if (ended !== 'finished' && !mayLackEnd) return `execution.json says that the last session is ${ended}`;
    const left = temporaryFiles(run);
    return left.length > 0 && !mayLeaveTemporaryFiles ? `temporary files are left: ${left.join(', ')}` : undefined;
  }
}

/** What must not depend on what happened to a run. */
function lastingFiles(run) {
  const last = readdirSync(join(run, 'checkpoints')).filter((name) => name.startsWith('update-')).toSorted().at(-1);
  const names = ['result.json', 'metrics.jsonl', 'best.safetensors', join('checkpoints', last ?? '')];
  return Object.fromEntries(names.filter((name) => existsSync(join(run, name))).map((name) => [name, readFileSync(join(run, name), 'latin1')]));
}
