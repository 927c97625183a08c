/**
 * The package as a library: imported by its name from a folder of its own, in JavaScript and in TypeScript.
 */

import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { outcomeOf, projectRoot, runCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

const config = `{
  data: { source: 'bars-and-stripes', height: 2, width: 2 },
  model: { hiddenUnits: 3 },
  training: { algorithm: 'cd', updates: 20, batchSize: 4 },
}`;

const folder = temporaryFolder();
afterAll(folder.remove);

const inFolder = (...names: string[]): string => join(folder.path, ...names);

function node(...args: string[]): Promise<RunOutcome> {
  return outcomeOf(spawn(process.execPath, args, { cwd: folder.path }));
}

let digest: string;

beforeAll(async () => {
  mkdirSync(inFolder('node_modules'));
  symlinkSync(projectRoot, inFolder('node_modules', 'rbm-train'));
  writeFileSync(inFolder('package.json'), '{ "type": "module" }');
  writeFileSync(inFolder('tiny.json'), config);
  const { stdout } = await runCli(['--config', 'tiny.json', '--json', '--quiet'], { cwd: folder.path });
  ({ digest } = JSON.parse(stdout) as { digest: string });
});

test('a run in a few lines: same digest as on the command line, and it prints nothing', async () => {
  writeFileSync(
    inFolder('run.js'),
    `import { configKeys, loadConfig, prepareRun, RunDirectory, trainRun } from 'rbm-train';
    const loaded = await loadConfig(configKeys, { file: 'tiny.json', set: [], workingDirectory: process.cwd() });
    const events = new Set();
    const outcome = await trainRun({
      prepared: await prepareRun(loaded),
      directory: new RunDirectory('library-run'),
      stop: {},
      report: ({ type }) => events.add(type),
    });
    console.log(outcome.status, outcome.result.digest, [...events].sort().join());`,
  );
  expect(await node('run.js')).toEqual({
    code: 0,
    signal: null,
    stdout: `finished ${digest} checkpoint,evaluating,evaluation,start,update\n`,
    stderr: '',
  });
  expect(readFileSync(inFolder('library-run', 'result.json'), 'utf8')).toBe(readFileSync(inFolder('runs', 'tiny', 'result.json'), 'utf8'));
});

test('training in memory, update by update, writes no files', async () => {
  const before = readdirSync(folder.path);
  const script = `import { configKeys, parseConfig, prepareRun, Trainer, getParameters, parametersDigest } from 'rbm-train';
    const text = ${JSON.stringify(config)};
    const loaded = await parseConfig(configKeys, { text, file: 'text', directory: '.', workingDirectory: '.', set: [] });
    const { config, kernels, parameters, dataset } = await prepareRun(loaded);
    const trainer = await Trainer.create(kernels, config.training, parameters, dataset.splits.train, config.seed);
    for (let update = 0; update < 20; update++) if (!(await trainer.step())) throw new Error('diverged');
    console.log(parametersDigest(trainer.model), parametersDigest(getParameters(trainer.model)));
    await kernels.close();`;
  expect(await node('--input-type=module', '-e', script)).toEqual({ code: 0, signal: null, stdout: `${digest} ${digest}\n`, stderr: '' });
  expect(readdirSync(folder.path)).toEqual(before);
});

test('only what is exported can be imported', async () => {
  const { code, stderr } = await node('--input-type=module', '-e', "await import('rbm-train/dist/cli/main.js')");
  expect(code).toBe(1);
  expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  const schema = "import { createRequire } from 'node:module'; console.log(createRequire(process.cwd() + '/x.js')('rbm-train/schema.json').title)";
  expect(await node('--input-type=module', '-e', schema)).toMatchObject({ code: 0, stdout: 'Config of rbm-train\n' });
});

test('errors are told apart by their code', async () => {
  const script = `import { configKeys, exitCodes, isRbmError, parseConfig } from 'rbm-train';
    try {
      await parseConfig(configKeys, { text: '{ sed: 1 }', file: 'my.json', directory: '.', workingDirectory: '.', set: [] });
    } catch (error) {
      console.log(isRbmError(error), error.code, exitCodes[error.code], error.message.includes('my.json:1'));
    }`;
  expect(await node('--input-type=module', '-e', script)).toMatchObject({ stdout: 'true usage 2 true\n', stderr: '' });
});

test('its types serve a strict TypeScript project with moduleResolution nodenext', async () => {
  writeFileSync(
    inFolder('consumer.ts'),
    `import { configKeys, loadConfig, prepareRun, RunDirectory, trainRun, type RunOutcome } from 'rbm-train';
    export async function train(file: string): Promise<string> {
      const loaded = await loadConfig(configKeys, { file, set: [], workingDirectory: '/' });
      const outcome: RunOutcome = await trainRun({
        prepared: await prepareRun(loaded),
        directory: new RunDirectory('run'),
        stop: {},
        report: (event) => { if (event.type === 'update') event.update.toFixed(); },
      });
      return outcome.status === 'finished' ? outcome.result.digest : outcome.signal;
    }
    // @ts-expect-error a number is no digest
    export const wrong: number = await train('x');`,
  );
  const tsc = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023', '--module', 'nodenext', '--moduleResolution', 'nodenext', '--types', ''];
  expect(await node(tsc, ...options, 'consumer.ts')).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
});
