/**
 * Child processes: contenders that answer the line protocol, and commands that run once.
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A contender's process: one request at a time, answered by one line. */
export class Child {
  #process;
  #lines;

  /**
   * @param {string} command
   * @param {string[]} args
   * @param {Record<string, string | undefined>} [environment] beside this process's own
   */
  constructor(command, args, environment = {}) {
    this.#process = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'inherit'] });
    // A child that died is noticed by its missing answer.
    this.#process.on('error', () => {});
    this.#process.stdin.on('error', () => {});
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /**
   * @param {object} message
   * @returns {Promise<any>} the answer
   * @throws Error where the child reports one or has ended
   */
  async request(message) {
    this.#process.stdin.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the process ended (${this.#process.spawnargs.join(' ')})`);
    const answer = JSON.parse(value);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  /** Ends the process and waits until it has. */
  async close() {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null || this.#process.pid === undefined) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin.end();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  }
}

/**
 * Runs a command to its end.
 *
 * @param {Record<string, string | undefined>} [environment] beside this process's own
 * @returns {Promise<string>} what it printed to stdout
 * @throws Error with its stderr where it failed
 */
export async function runOnce(command, args, environment = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed (${code}):\n${output.stderr}`);
  return output.stdout;
}
