/**
 * Log-likelihoods with a tracked log Z from the command line: killed and resumed, with any backend, the same bytes; shown
 * as estimated.
 */

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { backends } from '../../src/kernels/index.js';
import { float64, safetensorsParts, sealedCheckpoint } from './support/encoders.js';
import { outcomeOf, runCli, startCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const config = `{
  seed: 'tracked',
  data: { source: 'bars-and-stripes', height: 3, width: 3, validation: { count: 4 } },
  model: { hiddenUnits: 5 },
  training: { algorithm: 'sml', k: 1, chains: 15, batchSize: 5, updates: 3000, learningRate: 0.1 },
  evaluation: { every: { updates: 250 }, logLikelihood: 'tracked', tracking: { every: { updates: 7 }, chains: 30, temperatures: 100 } },
  checkpoint: { every: { updates: 20 } },
  log: { every: { updates: 40 } },
}`;

const folder = temporaryFolder();
afterAll(folder.remove);

const contentOf = (...names: string[]): string => readFileSync(join(folder.path, ...names), 'latin1');
const cli = (...args: string[]): Promise<RunOutcome> => runCli(args, { cwd: folder.path });

function expectSameFiles(run: string): void {
  for (const file of ['result.json', 'metrics.jsonl', 'best.safetensors', 'checkpoints/update-0000000003000.safetensors']) {
    expect({ file, same: contentOf(run, file) === contentOf('whole', file) }).toEqual({ file, same: true });
  }
}

let whole: RunOutcome;
beforeAll(async () => {
  writeFileSync(join(folder.path, 'run.json'), config);
  whole = await cli('--config', 'run.json', '--output', 'whole', '--set', 'checkpoint.every.updates=3000');
});

test('is marked as estimated in the progress, the summary, the metrics and the dry run', async () => {
  expect(whole.code).toBe(0);
  expect(whole.stderr).toMatch(/^update .*estimated log-likelihood train -/m);
  expect(whole.stdout).toMatch(/estimated: tracked/);
  for (const line of contentOf('whole', 'metrics.jsonl').trimEnd().split('\n')) {
    const { splits } = JSON.parse(line) as { splits: Record<string, { exact: boolean }> };
    expect([splits.train.exact, splits.validation.exact]).toEqual([false, false]);
  }
  const [text, json] = await Promise.all([cli('--config', 'run.json', '--dry-run'), cli('--config', 'run.json', '--dry-run', '--json')]);
  expect(text.stdout).toMatch(/log-likelihood tracked every 7 updates with 30 chains/);
  expect(JSON.parse(json.stdout)).toMatchObject({ logLikelihood: 'tracked', exactLogLikelihood: false });
});

test('the digest is that of a run without', async () => {
  const never = await cli('--config', 'run.json', '--output', 'never', '--set', 'evaluation.logLikelihood=never', '--quiet');
  expect(never.code).toBe(0);
  const digestOf = (run: string): string => (JSON.parse(contentOf(run, 'result.json')) as { digest: string }).digest;
  expect(digestOf('never')).toBe(digestOf('whole'));
});

test.each(backends)('with the backend $name: the same files', async ({ name }) => {
  const run = `backend-${name}`;
  expect(await cli('--config', 'run.json', '--output', run, '--set', `execution.backend=${name}`, '--quiet')).toMatchObject({ code: 0 });
  expectSameFiles(run);
});

test.each(['SIGKILL', 'SIGTERM'] as const)('stopped by %s four times, and resumed: the same files', async (signal) => {
  const args = ['--config', 'run.json', '--output', signal, '--resume-or-start'];
  for (const wanted of [3, 9, 1, 14]) {
    const child = startCli(args, { cwd: folder.path });
    const ended = outcomeOf(child);
    let seen = 0;
    child.stderr?.on('data', (text: string) => {
      seen += String(text).split(/^update /m).length - 1;
      if (seen >= wanted) child.kill(signal);
    });
    await ended;
  }
  const last = await cli(...args);
  expect(last).toMatchObject({ code: 0 });
  expect(last.stderr).not.toContain('warning');
  expectSameFiles(signal);
});

test.each([
  ['a negative variance', 'tracking.accumulated', [1, -1, 20], 3, 'negative variance'],
  ['weights that overflow', 'tracking.logWeights', Array<number>(30).fill(1e308), 4, 'too large for float64'],
] as const)('resumed from a checkpoint with %s: an error, no interval of NaN', async (...row) => {
  const [what, tensor, values, exitCode, message] = row;
  cpSync(join(folder.path, 'whole'), join(folder.path, what), { recursive: true });
  const path = join(folder.path, what, 'checkpoints', 'update-0000000003000.safetensors');
  const parts = safetensorsParts(readFileSync(path));
  float64(values).copy(parts.data, parts.header[tensor].data_offsets[0]);
  parts.header.__metadata__.progress = JSON.stringify({ update: 3000, evaluated: false });
  writeFileSync(path, sealedCheckpoint(parts));
  const { code, stdout, stderr } = await cli('--resume', what);
  expect({ code, stdout, stderr }).toEqual({ code: exitCode, stdout: '', stderr: expect.stringContaining(message) });
});
