/**
 * The text files of a run, damaged: cut, flipped, replaced. With good checkpoints no run is lost: what continues it writes
 * the same figures, what reads it gives the right answer or says which file is damaged. Adds about 10 s.
 */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOf, trainRun } from './support/bad-inputs.js';
import { startCliServer, type CliServer } from './support/cli-server.js';
import { temporaryFolder, type RunOutcome } from './support/run-cli.js';

/** So many cuts and flips of a file; RBM_DAMAGES asks for more of them. */
const damagesOfFile = Number(process.env.RBM_DAMAGES ?? 6);

const continued = ['--resume', 'run', '--set', 'training.updates=8', '--json'];

const temporary = temporaryFolder();
const folder = temporary.path;
let good = '';
let server: CliServer;
/** What the undamaged run gives, longer by two updates. */
let expected: { result: string; metrics: string };

function read(name: string): string {
  return readFileSync(join(folder, 'run', name), 'utf8');
}

/** Runs a command on a copy of the run with this damage; a command that has not ended after 20 s hangs. */
async function run(args: readonly string[], damage: (run: string) => void): Promise<RunOutcome> {
  rmSync(join(folder, 'run'), { recursive: true, force: true });
  cpSync(good, join(folder, 'run'), { recursive: true });
  damage(join(folder, 'run'));
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hangs: ${args.join(' ')}`)), 20_000);
  });
  return await Promise.race([server.run(args, { cwd: folder }), hangs]).finally(() => clearTimeout(timer));
}

/** Cuts at lengths, and flips of bits, evenly spread over the file. */
function damages(name: string): { label: string; damage: (run: string) => void }[] {
  const content = readFileSync(join(good, name));
  return Array.from({ length: damagesOfFile }, (_, index) => {
    const place = Math.floor((index * content.length) / damagesOfFile);
    const flipped = Buffer.from(content);
    // Every bit in turn.
    flipped[place] ^= 1 << index % 8;
    return [
      { label: `${name} cut to ${place} bytes`, damage: (path: string) => writeFileSync(join(path, name), content.subarray(0, place)) },
      { label: `${name}, bit ${index % 8} of byte ${place} flipped`, damage: (path: string) => writeFileSync(join(path, name), flipped) },
    ];
  }).flat();
}

beforeAll(async () => {
  good = await trainRun(join(folder, 'trained'));
  server = startCliServer();
  const { code, stderr } = await run(continued, () => {});
  if (code !== 0) throw new Error(`the run could not be continued: ${stderr}`);
  expected = { result: read('result.json'), metrics: read('metrics.jsonl') };
});

afterAll(() => {
  server.stop();
  temporary.remove();
});

test.each(['metrics.jsonl', 'execution.json', 'result.json'])('a damaged %s does not keep a run from being continued, to the same figures', async (name) => {
  for (const { label, damage } of damages(name)) {
    const { code, stderr } = await run(continued, damage);
    expect({ label, code, faults: faultsOf({ code, stderr }) }).toEqual({ label, code: 0, faults: [] });
    expect({ label, result: read('result.json'), metrics: read('metrics.jsonl') }).toEqual({ label, ...expected });
    expect({ label, execution: JSON.parse(read('execution.json')) }).toEqual({ label, execution: expect.objectContaining({ sessions: expect.any(Array) }) });
  }
}, 600_000);

test.each(['metrics.jsonl', 'execution.json'])('verify, evaluate --best and inspect do not care about a damaged %s', async (name) => {
  const commands = [['verify', 'run'], ['evaluate', 'run', '--best'], ['inspect', 'run']];
  for (const command of commands) {
    const plain = await run(command, () => {});
    for (const { label, damage } of damages(name).slice(0, 6)) {
      const { code, stdout } = await run(command, damage);
      expect({ label, command, code, stdout }).toEqual({ label, command, code: 0, stdout: plain.stdout });
    }
  }
}, 600_000);

test('verify and evaluate --best of a run with a damaged result.json: the right answer, or an error that says what to do', async () => {
  const plain = await run(['verify', 'run'], () => {});
  for (const { label, damage } of damages('result.json')) {
    const { code, stdout, stderr } = await run(['verify', 'run'], damage);
    expect({ label, faults: faultsOf({ code, stderr }) }).toEqual({ label, faults: [] });
    // A digest or a number of updates that was changed is a mismatch; other figures are not what is verified.
    expect({ label, code, isOne: [0, 3, 5].includes(code ?? -1) }).toEqual({ label, code, isOne: true });
    expect({ label, stdout: code === 0 ? stdout : '' }).toEqual({ label, stdout: code === 0 ? plain.stdout : '' });
    expect({ label, stderr, isHelpful: code !== 3 || stderr.includes('--resume writes it again') }).toEqual({ label, stderr, isHelpful: true });
    const best = await run(['evaluate', 'run', '--best'], damage);
    expect({ label, code: best.code, isOne: [0, 3].includes(best.code ?? -1), faults: faultsOf(best) }).toEqual({ label, code: best.code, isOne: true, faults: [] });
  }
}, 600_000);

test('a damaged config.json is refused, or the run ends in the same digest', async () => {
  const { digest } = JSON.parse(expected.result) as { digest: string };
  for (const { label, damage } of damages('config.json')) {
    const { code, stdout, stderr } = await run(continued, damage);
    expect({ label, faults: faultsOf({ code, stderr }) }).toEqual({ label, faults: [] });
    expect({ label, code, isOne: [0, 1, 2, 3].includes(code ?? -1) }).toEqual({ label, code, isOne: true });
    const ended = code === 0 ? (JSON.parse(stdout) as { digest: string }).digest : digest;
    expect({ label, ended }).toEqual({ label, ended: digest });
  }
}, 600_000);

const replacements: Readonly<Record<string, (path: string) => void>> = {
  'a pipe': (path) => execFileSync('mkfifo', [path]),
  'a folder': (path) => mkdirSync(path),
  'a link to itself': (path) => symlinkSync(path, path),
  'a link to a device': (path) => symlinkSync('/dev/zero', path),
  'JSON null': (path) => writeFileSync(path, 'null'),
  '3 MiB of NUL': (path) => writeFileSync(path, Buffer.alloc(3 << 20)),
};

test.each(Object.keys(replacements))('%s in the place of a file of the run', async (what) => {
  for (const name of ['config.json', 'metrics.jsonl', 'execution.json', 'result.json', 'best.safetensors']) {
    for (const command of [continued, ['verify', 'run'], ['evaluate', 'run', '--best'], ['inspect', 'run']]) {
      const ending = await run(command, (path) => {
        rmSync(join(path, name));
        replacements[what](join(path, name));
      });
      const label = `${name}, ${command.join(' ')}: ${ending.stderr}`;
      expect({ label, isDocumented: [0, 1, 2, 3].includes(ending.code ?? -1), faults: faultsOf(ending) }).toEqual({ label, isDocumented: true, faults: [] });
    }
  }
}, 600_000);
