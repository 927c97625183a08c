/** Averaged parameters as a user meets them: the model that every command means is the one that the digest is of. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(folder.remove);

const cli = (...args: string[]): Promise<RunOutcome> => runCli(args, { cwd: folder.path });

interface Result {
  digest: string;
  figures: { splits: Record<string, object> };
  averaged: { splits: Record<string, object> };
}

let trained: RunOutcome;
let result: Result;

beforeAll(async () => {
  writeFileSync(
    join(folder.path, 'run.json'),
    `{
      data: { source: 'bars-and-stripes', height: 3, width: 3 },
      model: { hiddenUnits: 4 },
      training: { algorithm: 'cd', updates: 200, batchSize: 'full', optimizer: 'adam', learningRate: 0.05, averaging: { from: { updates: 100 } } },
    }`,
  );
  trained = await cli('--config', 'run.json', '--output', 'run');
  result = JSON.parse(readFileSync(join(folder.path, 'run', 'result.json'), 'utf8')) as Result;
});

describe('averaged training', () => {
  test('tells of both models, and which is the run’s', () => {
    expect(trained).toMatchObject({ code: 0 });
    expect(trained.stdout).toMatch(/averaged parameters \(the run’s model\)\n.*[^]*\nlast parameters\n/);
    expect(result.figures.splits).not.toEqual(result.averaged.splits);
    expect(trained.stdout).toContain(`digest ${result.digest}`);
  });

  test('evaluate, inspect and verify mean the averaged one', async () => {
    const evaluated = await cli('evaluate', 'run', '--json');
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ digest: result.digest, splits: result.averaged.splits });
    const inspected = await cli('inspect', 'run', '--json');
    const { digest, tensors } = JSON.parse(inspected.stdout) as { digest: string; tensors: { name: string }[] };
    expect(digest).toBe(result.digest);
    expect(tensors.map(({ name }) => name)).toEqual(expect.arrayContaining(['updates.last.weights', 'updates.optimizer.second.weights', 'updates.optimizer.powers']));
    expect(await cli('verify', 'run', '--quiet')).toMatchObject({ code: 0 });
  });

  test('a dry run counts what is held beside the parameters', async () => {
    const dry = await cli('--config', 'run.json', '--output', 'dry', '--dry-run');
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.stdout).toMatch(/memory .*the gradient \d+ bytes, the means of adam \d+ bytes, the averaged parameters \d+ bytes/);
  });
});
