/**
 * Damaged checkpoints, and those of a newer rbm-train, as every command that reads a run meets them: the newest damaged, all
 * damaged, the best or the start damaged. A training that goes on ends in the files of one that nothing happened to.
 */

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { readCheckpointFile, RunDirectory } from '../../src/checkpoint/run-directory.js';
import { startCliServer, type CliServer } from './support/cli-server.js';
import { float64, safetensorsParts, sealedCheckpoint, type SafetensorsParts } from './support/encoders.js';
import { temporaryFolder, type RunOutcome } from './support/run-cli.js';

const config = {
  seed: 'damage',
  data: { source: 'bars-and-stripes', height: 3, width: 3, duplicates: 'remove', validation: { count: 4 } },
  model: { hiddenUnits: 4 },
  training: { algorithm: 'sml', chains: 6, batchSize: 4, updates: 30, learningRate: 0.1, momentum: 0.5 },
  evaluation: { every: { updates: 7 } },
  checkpoint: { every: { updates: 10 }, keep: 3 },
};

const folder = temporaryFolder();
let server: CliServer;
let count = 0;

const cli = (...args: string[]): Promise<RunOutcome> => server.run(args, { cwd: folder.path });
const goOn = (run: string): Promise<RunOutcome> => cli('--resume', run, '--set', 'training.updates=40');

/** A copy of the run at update 30, with checkpoints of updates 10, 20 and 30. */
function newRun(original = 'run'): RunDirectory {
  const path = join(folder.path, `run-${count++}`);
  cpSync(join(folder.path, original), path, { recursive: true });
  return new RunDirectory(path);
}

/** What a training leaves behind, whatever happened to it. */
function lastingFiles(run: RunDirectory): Record<string, string> {
  const files = [run.result, run.metrics, run.best, run.checkpoint(40), run.checkpoint(30)];
  return Object.fromEntries(files.map((file) => [file.slice(run.path.length), readFileSync(file, 'latin1')]));
}

function change(file: string, damage: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file);
  damage(bytes);
  writeFileSync(file, bytes);
}

const damages: Record<string, (file: string) => void> = {
  'cut short': (file) => truncateSync(file, 700),
  'cut by a byte': (file) => truncateSync(file, readFileSync(file).length - 1),
  'with a bit flipped in its header': (file) => change(file, (bytes) => void (bytes[bytes.indexOf('numericsVersion') + 3] ^= 1)),
  'with a bit flipped in its format version': (file) => change(file, (bytes) => void (bytes[bytes.indexOf('formatVersion') + 16] ^= 2)),
  'with a bit flipped in its numbers': (file) => change(file, (bytes) => void (bytes[bytes.length - 50] ^= 4)),
  'with a bit flipped in its checksum': (file) => change(file, (bytes) => void (bytes[bytes.indexOf('"checksum":"') + 20] ^= 1)),
  empty: (file) => truncateSync(file, 0),
  'of zeros, as after a power loss': (file) => change(file, (bytes) => bytes.fill(0)),
  'a link to nothing': (file) => {
    rmSync(file);
    symlinkSync('gone', file);
  },
};
const flip = damages['with a bit flipped in its numbers'];

/** A training that must not fail. */
async function train(...args: string[]): Promise<void> {
  const { code, stderr } = await cli(...args, '--quiet');
  if (code !== 0 || stderr !== '') throw new Error(stderr);
}

beforeAll(async () => {
  server = startCliServer();
  writeFileSync(join(folder.path, 'config.json'), JSON.stringify(config));
  await train('--config', 'config.json', '--output', 'run');
  cpSync(join(folder.path, 'run'), join(folder.path, 'reference'), { recursive: true });
  await train('--resume', 'reference', '--set', 'training.updates=40');
});
afterAll(() => {
  server.stop();
  folder.remove();
});

const reference = (): Record<string, string> => lastingFiles(new RunDirectory(join(folder.path, 'reference')));

describe('the newest checkpoint', () => {
  test.each(Object.keys(damages))('%s: training goes on from the one before, says so, and replaces it', async (name) => {
    const run = newRun();
    damages[name](run.checkpoint(30));
    const inspected = await cli('inspect', run.path, '--json');
    expect(inspected).toMatchObject({ code: 0, stderr: expect.stringMatching(/^warning: .*update-0000000000030.*falling back to the checkpoint before/) });
    expect(JSON.parse(inspected.stdout)).toMatchObject({ progress: { update: 20 } });
    const { code, stderr } = await goOn(run.path);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/warning: .*update-0000000000030.*falling back to the checkpoint before/) });
    expect(lastingFiles(run)).toEqual(reference());
    expect(run.checkpointUpdates()).toEqual([40, 30, 20]);
  });

  test.each([
    ['evaluate'],
    ['evaluate', '--against', 'reference'],
    ['sample', '--count', '2'],
    ['transform', '--output', 'states.csv'],
    ['export', '--npz', 'model.npz'],
    ['verify'],
    ['--resume-or-start', '--config', 'config.json', '--dry-run', '--output'],
  ])('damaged: %s reads the one before, says so, and changes nothing', async (command, ...options) => {
    const run = newRun();
    flip(run.checkpoint(30));
    const before = readdirSync(run.path, { recursive: true }).toSorted();
    const { code, stderr } = await cli(command, ...options, run.path);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/warning: .*update-0000000000030.*falling back/) });
    expect(readdirSync(run.path, { recursive: true }).toSorted()).toEqual(before);
  });

  test('damaged, it does not count among those that are kept', async () => {
    const run = newRun();
    flip(run.checkpoint(30));
    // Never at update 30 again: the damaged file would stay, and push out a good one.
    expect(await cli('--resume', run.path, '--quiet', '--set', 'training.updates=35', '--set', 'checkpoint.every={updates: 7}', '--set', 'checkpoint.keep=2')).toMatchObject({ code: 0 });
    expect(run.checkpointUpdates()).toEqual([35, 28]);
    for (const update of run.checkpointUpdates()) expect(readCheckpointFile(run.checkpoint(update)).progress.update).toBe(update);
  });

  test('a folder in its place is nothing that training would remove or replace: it says so', async () => {
    const run = newRun();
    rmSync(run.checkpoint(30));
    mkdirSync(run.checkpoint(30));
    expect(await cli('inspect', run.path)).toMatchObject({ code: 0, stderr: expect.stringContaining('falling back') });
    expect(await goOn(run.path)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/update-0000000000030\.safetensors: can't be removed: .*folder/) });
    expect(run.checkpointUpdates()).toEqual([30, 20, 10]);
  });
});

describe('all checkpoints damaged', () => {
  const commands = [
    ['--resume'],
    ['--config', 'config.json', '--resume-or-start', '--output'],
    ['evaluate'],
    ['sample', '--count', '1'],
    ['inspect'],
    ['export', '--npz', 'no.npz'],
    ['verify'],
  ];
  test.each(commands.map((command) => [command.join(' '), command] as const))('%s: exit 3, what to do, and no file touched', async (_, command) => {
    const run = newRun();
    for (const update of run.checkpointUpdates()) flip(run.checkpoint(update));
    const before = readdirSync(run.path, { recursive: true }).toSorted();
    const { code, stdout, stderr } = await cli(...command, run.path);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/all of its 3 checkpoints are damaged: .*checksum/);
    expect(stderr).toContain('--force');
    expect(readdirSync(run.path, { recursive: true }).toSorted()).toEqual(before);
  });

  test('what the message says helps', async () => {
    const run = newRun();
    for (const update of run.checkpointUpdates()) flip(run.checkpoint(update));
    expect(await cli('--config', 'config.json', '--output', run.path, '--force', '--quiet', '--set', 'training.updates=40')).toMatchObject({ code: 0 });
    expect(lastingFiles(run)).toEqual(reference());
  });

  test('links to nothing are damaged ones: training does not start anew in silence', async () => {
    const run = newRun();
    for (const update of run.checkpointUpdates()) damages['a link to nothing'](run.checkpoint(update));
    expect(await goOn(run.path)).toMatchObject({ code: 3, stderr: expect.stringContaining('all of its 3 checkpoints are damaged') });
  });
});

describe('the best parameters', () => {
  test('damaged: --best refuses them, the others go on, and resuming says what is lost', async () => {
    const run = newRun();
    flip(run.best);
    // A finished run whose last parameters are the best needs no other file.
    rmSync(run.result);
    expect(await cli('evaluate', run.path, '--best')).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/best\.safetensors: .*checksum/) });
    expect(await cli('inspect', run.path)).toMatchObject({ code: 0, stderr: '' });
    expect(await goOn(run.path)).toMatchObject({ code: 0, stderr: expect.stringMatching(/warning: .*best\.safetensors is missing or damaged: the parameters of update \d+, the best so far, are lost/) });
  });

  test('whole: resuming says nothing', async () => {
    expect((await goOn(newRun().path)).stderr).not.toContain('warning');
  });
});

describe('the start of a training that began with a model file', () => {
  beforeAll(async () => {
    cpSync(new RunDirectory(join(folder.path, 'run')).checkpoint(10), join(folder.path, 'model.safetensors'));
    const fromFile = { ...config, model: { from: 'model.safetensors' } };
    writeFileSync(join(folder.path, 'from.json'), JSON.stringify(fromFile));
    await train('--config', 'from.json', '--output', 'started');
  });

  test('damaged: --resume names it, exit 3; --resume-or-start takes the model file, while it is there', async () => {
    const run = newRun('started');
    flip(run.start);
    expect(await goOn(run.path)).toMatchObject({ code: 3, stderr: expect.stringMatching(/start\.safetensors: .*checksum/) });
    const args = ['--config', 'from.json', '--output', run.path, '--resume-or-start', '--set', 'training.updates=40', '--quiet'];
    expect(await cli(...args)).toMatchObject({ code: 0, stderr: '' });
    rmSync(join(folder.path, 'model.safetensors'));
    expect(await cli(...args)).toMatchObject({ code: 3, stderr: expect.stringMatching(/start\.safetensors: .*checksum/) });
  });
});

describe('checkpoints of a newer rbm-train', () => {
  /** A checkpoint as a later version might write it: its checksum is right. */
  function fromTheFuture(file: string, edit: (parts: SafetensorsParts) => void): void {
    const parts = safetensorsParts(readFileSync(file));
    edit(parts);
    writeFileSync(file, sealedCheckpoint(parts));
  }
  /** Adds a tensor behind the others. */
  const withTensor = (name: string) => (parts: SafetensorsParts): void => {
    const values = float64([1, 2]);
    const { header, data } = parts;
    (header as Record<string, object>)[name] = { dtype: 'F64', shape: [2], data_offsets: [data.length, data.length + values.length] };
    (parts as { data: Buffer }).data = Buffer.concat([data, values]);
  };
  const withIdentity = (added: object) => ({ header: { __metadata__: metadata } }: SafetensorsParts): void => {
    metadata.identity = JSON.stringify({ ...(JSON.parse(metadata.identity) as object), ...added });
  };
  const files: Record<string, [edit: (parts: SafetensorsParts) => void, what: RegExp]> = {
    'another format': [({ header }) => void (header.__metadata__.formatVersion = '3'), /format 3; this rbm-train reads formats 1 and 2/],
    'other units': [withIdentity({ units: { visible: 'poisson', hidden: 'binary' } }), /the visible units "poisson", which/],
    'more to units': [withIdentity({ units: { visible: 'ising', hidden: 'ising', temperature: 2 } }), /the units key "temperature", which/],
    'more to its identity': [withIdentity({ layers: 3 }), /the identity key "layers", which/],
    'more to its progress': [({ header: { __metadata__: metadata } }) => void (metadata.progress = metadata.progress.replace('{', '{"phase":2,')), /the progress key "phase", which/],
    'more metadata': [({ header }) => void (header.__metadata__.requires = 'lateral'), /the metadata key "requires", which/],
    'another parameter': [withTensor('lateralWeights'), /the tensor "lateralWeights", which/],
    'another velocity': [withTensor('velocity.visibleLogVariance'), /the tensor "velocity.visibleLogVariance", which/],
  };

  test.each(Object.keys(files))('with %s: refused by all that read it, and no older one stands for it', async (name) => {
    const [edit, what] = files[name];
    const run = newRun();
    fromTheFuture(run.checkpoint(30), edit);
    for (const args of [['inspect', run.path], ['evaluate', run.checkpoint(30), '--data', 'run'], ['--resume', run.path]]) {
      const { code, stdout, stderr } = await cli(...args);
      expect({ code, stdout, stderr }).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(what) });
      expect(stderr).toContain('version of rbm-train that wrote it');
    }
    expect(run.checkpointUpdates()).toEqual([30, 20, 10]);
  });

  test.each(['state.momenta', 'updates.optimizer.third', 'updates.curvature.diagonal'])('with more state (%s): the model is read, training does not go on without it', async (tensor) => {
    const run = newRun();
    fromTheFuture(run.checkpoint(30), withTensor(tensor));
    expect(await cli('inspect', run.path)).toMatchObject({ code: 0 });
    const { code, stderr } = await goOn(run.path);
    expect(code).toBe(3);
    expect(stderr).toContain(`a tensor ${tensor.slice(tensor.indexOf('.') + 1)}, which this training does not know`);
    expect(stderr).toContain('newer rbm-train');
  });
});
