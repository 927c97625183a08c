/** What every scenario needs: the tool as its users call it, waiting for what can be observed, and checks that are told. */

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const executable = fileURLToPath(new URL('../../bin/rbm-train.js', import.meta.url));

/** Milliseconds after which what has not come counts as never to come: far more than it takes on a slow machine. */
const patience = 180_000;

/** @typedef {{code: number | null, stdout: string, stderr: string}} Outcome */

const rest = (milliseconds) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** The tool, Slurm and checks, in a folder of its own. */
export class SlurmContext {
  checks = 0;
  #children = new Set();
  /** Outputs of what was run, for failures. */
  #told = [];
  #isStopped = false;

  /** @param {string} folder @param {import('./cluster.js').Cluster} cluster */
  constructor(folder, cluster) {
    this.folder = folder;
    this.cluster = cluster;
    mkdirSync(folder, { recursive: true });
  }

  /** Ends the processes that are still running. */
  stop() {
    this.#isStopped = true;
    for (const child of this.#children) child.kill('SIGKILL');
  }

  /** Runs the tool. @param {string[]} args @returns {Promise<Outcome>} */
  tool(...args) {
    const { NODE_OPTIONS: _options, FORCE_COLOR: _colour, ...env } = this.cluster.env;
    const child = spawn(process.execPath, [executable, ...args], { cwd: this.folder, env: { ...env, RBM_TRAIN_REPORT: 'never', XDG_CACHE_HOME: join(this.folder, 'cache') }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.add(child);
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (texts[name] += text));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        this.#children.delete(child);
        this.#told.push(`rbm-train ${args.join(' ')}: exit code ${code}\n${texts.stdout}${texts.stderr}`);
        resolve({ code, ...texts });
      });
    });
  }

  /** As `tool`, of a command that must not fail. */
  async must(...args) {
    const outcome = await this.tool(...args);
    if (outcome.code !== 0) throw new Error(`rbm-train ${args.join(' ')}: exit code ${outcome.code}: ${outcome.stderr}`);
    return outcome;
  }

  /** One line for a check; throws where it fails. @param {boolean} holds @param {unknown} [found] told where it does not hold */
  check(what, holds, found) {
    if (!holds) throw new Error(`${what}${found === undefined ? '' : `; found: ${typeof found === 'string' ? found : JSON.stringify(found)}`}`);
    this.checks++;
    process.stdout.write(`  ok  ${what}\n`);
  }

  /** Waits until `look` finds something that counts as true, and returns it. @template T @param {() => T | Promise<T>} look @returns {Promise<T>} */
  async waitFor(what, look, isOver = () => false) {
    const end = performance.now() + patience;
    for (;;) {
      const found = await look();
      if (found) return found;
      if (isOver()) throw new Error(`all is over, and this has not come: ${what}`);
      if (this.#isStopped || performance.now() > end) throw new Error(`waited in vain for: ${what}`);
      await rest(100);
    }
  }

  /**
   * Releases jobs that were queued again, which Slurm makes wait for 2 minutes; ends when `over` does. Not at once: Slurm counts
   * in seconds, and takes a job that starts on its node in the second of its end for the one that was ended.
   *
   * @param {Promise<unknown>} over
   */
  async releaseRequeued(over) {
    const isOver = over.then(
      () => true,
      () => true,
    );
    /** When each was first seen to wait. */
    const seen = new Map();
    while (!(await Promise.race([isOver, rest(500)])) && !this.#isStopped) {
      const elements = await this.cluster.elements().catch(() => []);
      for (const { element, state, reason } of elements) {
        if (state !== 'PD' || reason !== 'BeginTime') seen.delete(element);
        else if (!seen.has(element)) seen.set(element, performance.now());
        // It may have been started, or have ended, meanwhile.
        else if (performance.now() - seen.get(element) > 3000) await this.cluster.command('scontrol', 'update', `jobid=${element}`, 'StartTime=now').catch(() => {});
      }
    }
  }

  /** What may explain a failure. */
  tellMore() {
    process.stderr.write(`${this.#told.slice(-3).join('\n')}\n`);
    try {
      for (const sweep of readdirSync(this.folder)) {
        const logs = join(this.folder, sweep, 'slurm', 'logs');
        for (const name of readdirSync(logs)) process.stderr.write(`== ${sweep}: ${name}\n${readFileSync(join(logs, name), 'utf8').slice(-2000)}\n`);
      }
    } catch {
      // Not every folder is a sweep's.
    }
  }
}
