/** A Slurm of our own on this machine, by the scripts in ../shared/slurm: two nodes with one core each. */

import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const scripts = fileURLToPath(new URL('../../../shared/slurm/', import.meta.url));

/** Names of the nodes. */
export const nodes = ['n1', 'n2'];

/** What is missing here for a Slurm; undefined where nothing is. */
export function whyNoSlurm() {
  if (!existsSync(join(scripts, 'slurm-up.sh'))) return `there is no ${scripts}slurm-up.sh`;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  const missing = ['sbatch', 'squeue', 'scontrol', 'scancel', 'sinfo', 'slurmctld', 'slurmd', 'munged'].filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')} (Debian: slurmctld slurmd slurm-client munge)`;
}

/** Whether nobody listens on a port of this machine. */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The first of consecutive free ports: others may run these tests on this machine, too. */
async function freePorts(count) {
  for (let first = 20_000 + (process.pid % 1000) * 10; ; first += 10) {
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
}

/** What a process wrote to stdout. @returns {Promise<string>} */
function run(command, args, env) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { env, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(' ')}: ${stderr || error.message}`));
    });
  });
}

/** A Slurm, with all of its state in a folder. */
export class Cluster {
  #folder;
  #isUp = false;
  #env;

  /** @param {string} folder to be made */
  constructor(folder) {
    this.#folder = folder;
  }

  /** The environment in which Slurm's commands find it. */
  get env() {
    return this.#env;
  }

  /** Starts what does not run yet: everything, or a node that was lost. */
  async up() {
    mkdirSync(this.#folder, { recursive: true });
    this.#env ??= { ...process.env, S: this.#folder, NODES: String(nodes.length), CPUS: '1', CTLD_PORT: String(await freePorts(nodes.length + 1)), SLURM_CONF: join(this.#folder, 'etc', 'slurm.conf') };
    this.#isUp = true;
    // It waits for 20 s, which may be short while others use the machine.
    for (let tries = 1; ; tries++) {
      try {
        return await run('bash', [join(scripts, 'slurm-up.sh')], this.#env);
      } catch (error) {
        if (tries === 3) throw error;
      }
    }
  }

  /**
   * Ends the controller and starts it again, with another MaxArraySize, which it reads only then. Jobs that run go on meanwhile.
   *
   * @param {number} maxArraySize
   */
  async restartController(maxArraySize) {
    const [conf, pidFile] = [this.#env.SLURM_CONF, join(this.#folder, 'run', 'slurmctld.pid')];
    const old = Number(readFileSync(pidFile, 'utf8'));
    process.kill(old, 'SIGTERM');
    // A zombie that nobody has fetched yet has ended, too.
    while (existsSync(`/proc/${old}`) && !/^State:\s*Z/m.test(readFileSync(`/proc/${old}/status`, 'utf8'))) await setTimeout(20);
    writeFileSync(conf, readFileSync(conf, 'utf8').replace(/^MaxArraySize=.*$/m, `MaxArraySize=${maxArraySize}`));
    const log = openSync(join(this.#folder, 'log', 'slurmctld.out'), 'a');
    const daemon = spawn('/usr/sbin/slurmctld', ['-D', '-i', '-f', conf], { env: this.#env, detached: true, stdio: ['ignore', log, log] });
    daemon.unref();
    writeFileSync(pidFile, `${daemon.pid}\n`);
    while (!new RegExp(`^MaxArraySize\\s*= ${maxArraySize}$`, 'm').test(await this.command('scontrol', 'show', 'config').catch(() => ''))) await setTimeout(100);
  }

  /** Ends all daemons and jobs. @param {boolean} isWiped whether their logs go, too */
  async down(isWiped) {
    if (!this.#isUp) return;
    this.#isUp = false;
    await run('bash', [join(scripts, 'slurm-down.sh'), ...(isWiped ? ['--wipe'] : [])], this.#env);
  }

  /** Runs one of Slurm's commands. */
  command(name, ...args) {
    return run(name, args, this.#env);
  }

  /**
   * Elements of arrays that the queue has.
   *
   * @returns {Promise<{element: string, state: string, reason: string, node: string}[]>} `element` as 12_3
   */
  async elements() {
    const text = await this.command('squeue', '-h', '-r', '-t', 'all', '-o', '%F_%K|%t|%r|%N');
    return text.split('\n').flatMap((line) => {
      const [element, state, reason, node] = line.trim().split('|');
      return node === undefined ? [] : [{ element, state, reason, node }];
    });
  }

  /** What the controller has logged. */
  controllerLog() {
    return readFileSync(join(this.#folder, 'log', 'slurmctld.out'), 'utf8');
  }

  /** Process id of a node's daemon. */
  nodeDaemon(node) {
    return Number(readFileSync(join(this.#folder, 'run', `slurmd.${node}.pid`), 'utf8'));
  }
}
