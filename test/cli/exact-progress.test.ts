/** Long exact log Zs on the command line: forecast, refusal, interruption and continuation, and what structure saves. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { structuredModel, type StructuredModel } from '../reference/structured-models.js';
import { outcomeOf, runCli, startCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const inFolder = (...names: string[]): string => join(folder.path, ...names);
const options = { cwd: folder.path, env: { XDG_CACHE_HOME: inFolder('cache') } };

/** A model file as another tool writes it. */
function writeModel(name: string, { visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias }: StructuredModel): void {
  const tensors = { weights: [weights, [n, m]], visibleBias: [visibleBias, [n]], hiddenBias: [hiddenBias, [m]] } as const;
  let end = 0;
  const header = Object.entries(tensors).map(([key, [values, shape]]) => {
    const start = end;
    end += values.byteLength;
    return [key, { dtype: 'F64', shape, data_offsets: [start, end] }];
  });
  const text = JSON.stringify(Object.fromEntries(header));
  const padded = text.padEnd(8 * Math.ceil(text.length / 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const bytes = Object.values(tensors).map(([{ buffer, byteOffset, byteLength }]) => Buffer.from(buffer, byteOffset, byteLength));
  writeFileSync(inFolder(name), Buffer.concat([length, Buffer.from(padded), ...bytes]));
}

const dense = { components: 1, density: 1, duplicates: 0, size: 0.5, seed: 1 };
const cacheFiles = (): string[] => (existsSync(inFolder('cache', 'rbm-train')) ? readdirSync(inFolder('cache', 'rbm-train')) : []);

beforeAll(() => {
  // 2^26 states × 200 units: about 2 s of one thread where nothing else runs.
  writeModel('long.safetensors', structuredModel({ ...dense, n: 200, m: 26 }));
  writeFileSync(inFolder('rows.txt'), `${'0 1 '.repeat(100).trim()}\n${'1 1 0 0 '.repeat(50).trim()}\n`);

  const model = structuredModel({ ...dense, n: 200, m: 40, seed: 2 });
  for (let i = 0; i < 200; i++) model.weights.fill(model.weights[i * 40 + 39], i * 40 + 15, (i + 1) * 40);
  writeModel('duplicates.safetensors', model);
});

function evaluate(...args: string[]): string[] {
  return ['evaluate', ...args, '--data', 'rows.txt'];
}

/** Runs the command, and sends the signal as soon as stderr has the text. */
async function stopAt(text: string, signal: NodeJS.Signals, args: string[]): Promise<RunOutcome> {
  const child = startCli(args, options);
  let stderr = '';
  let isSent = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (isSent || !stderr.includes(text)) return;
    isSent = true;
    child.kill(signal);
  });
  return outcomeOf(child);
}

describe('an evaluation that takes long', () => {
  test('above the limit is refused, with the switch that allows it', async () => {
    const { code, stderr } = await runCli(evaluate('long.safetensors'), options);
    expect(code).toBe(0);
    expect(stderr).toContain(`2^26 states × 200 units = 1.3e+10`);
    expect(stderr).toContain(`--exact-cost-limit ${2 ** 26 * 200} allows it`);
  });

  test('is forecast, can be stopped again and again, goes on where it was, and ends in the same bytes', async () => {
    const args = evaluate('long.safetensors', '--json', '--exact-cost-limit', '2e10');
    const first = await stopAt('exact log Z: 2^26', 'SIGINT', args);
    expect([first.code, first.stdout]).toEqual([130, '']);
    expect(first.stderr).toMatch(/exact log Z: 2\^26 states × 200 units = 1\.3e\+10; .* on \d+ threads?, [\d.]+ MB of memory\n/);
    expect(first.stderr).not.toContain('goes on');
    const [file, ...others] = cacheFiles();
    expect(others).toEqual([]);
    const kept = readFileSync(inFolder('cache', 'rbm-train', file));

    const second = await stopAt('goes on', 'SIGTERM', args);
    expect([second.code, second.stdout]).toEqual([143, '']);
    expect(cacheFiles()).toEqual([file]);
    expect(readFileSync(inFolder('cache', 'rbm-train', file)).equals(kept)).toBe(false);

    const last = await runCli(args, options);
    expect(last.code).toBe(0);
    expect(last.stderr).toContain('exact log Z: goes on where it was stopped\n');
    expect(cacheFiles()).toEqual([]);

    const whole = await runCli(args, options);
    expect(whole.stderr).not.toContain('goes on');
    expect(whole.stdout).toBe(last.stdout);
    expect(cacheFiles()).toEqual([]);
  }, 120_000);

  test('with --quiet says nothing, and goes on all the same', async () => {
    const args = evaluate('long.safetensors', '--json', '--quiet', '--exact-cost-limit', '2e10');
    const { stderr, stdout, code } = await runCli(args, options);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('"exact":true');
  }, 60_000);
});

test('40 hidden units of which 25 are the same are exact within a limit that the shape is far beyond', async () => {
  const { code, stdout, stderr } = await runCli(evaluate('duplicates.safetensors', '--json'), options);
  expect([code, stderr]).toEqual([0, '']);
  const figures = JSON.parse(stdout) as { logPartitionFunction: { exact: boolean; evidence: { states: number } } };
  expect(figures.logPartitionFunction).toMatchObject({ exact: true, evidence: { states: 2 ** 15 * 26 } });

  const refused = await runCli(evaluate('duplicates.safetensors', '--exact-cost-limit', '1e6'), options);
  expect(refused.stderr).toContain('851968 states in 1 part');
  expect(refused.stderr).toContain(`--exact-cost-limit ${2 ** 15 * 26 * 200} allows it`);
});
