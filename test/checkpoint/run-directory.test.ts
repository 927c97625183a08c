import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { decodeCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { readCheckpointFile, RunDirectory } from '../../src/checkpoint/run-directory.js';
import { codeOf } from '../formats/damage.js';
import { sampleCheckpoint, temporaryFolder } from './sample.js';

const root = temporaryFolder();
let count = 0;

/** A run directory with nothing in it. */
function newRun(): RunDirectory {
  const run = new RunDirectory(join(root, String(count++)));
  run.make();
  return run;
}

/** Takes no warnings. */
function refuse(message: string): never {
  throw new Error(message);
}

/** A run with a checkpoint at each of the updates. */
function runWith(updates: readonly number[], keep = 100): RunDirectory {
  const run = newRun();
  for (const update of updates) run.writeCheckpoint(sampleCheckpoint(update), keep, refuse);
  return run;
}

/** Flips one bit in the last byte. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(file, bytes);
}

describe('retention', () => {
  test('keeps the latest K, by their number', () => {
    const run = runWith([0, 5, 9, 10, 100, 1000], 3);
    expect(run.checkpointUpdates()).toEqual([1000, 100, 10]);
    expect(readdirSync(run.checkpoints)).toHaveLength(3);
    for (const update of [1000, 100, 10]) expect(readCheckpointFile(run.checkpoint(update)).progress.update).toBe(update);
  });

  test('keeping one, there is always one', () => {
    const run = newRun();
    for (const update of [1, 2, 3]) {
      run.writeCheckpoint(sampleCheckpoint(update), 1, refuse);
      expect(run.checkpointUpdates()).toEqual([update]);
    }
  });

  test('files that are missing, and files that are not ours, do no harm', () => {
    const run = runWith([1, 2, 3]);
    rmSync(run.checkpoint(2));
    const foreign = ['notes.txt', 'update-1.safetensors', 'update-0000000000001.safetensors.bak'];
    for (const name of foreign) writeFileSync(join(run.checkpoints, name), '');
    run.writeCheckpoint(sampleCheckpoint(4), 2, refuse);
    expect(run.checkpointUpdates()).toEqual([4, 3]);
    expect(readdirSync(run.checkpoints)).toEqual(expect.arrayContaining(foreign));
  });

  test('checkpoints of a later update (a twin’s) are left alone', () => {
    const run = runWith([10, 20]);
    run.writeCheckpoint(sampleCheckpoint(5), 1, refuse);
    expect(run.checkpointUpdates()).toEqual([20, 10, 5]);
  });

  test('the same update written again is one file', () => {
    const run = runWith([7, 7, 7], 2);
    expect(run.checkpointUpdates()).toEqual([7]);
  });

  test('the best parameters stand beside them and are not counted', () => {
    const run = runWith([1], 1);
    run.writeBest(sampleCheckpoint(1));
    run.writeCheckpoint(sampleCheckpoint(2), 1, refuse);
    expect(run.checkpointUpdates()).toEqual([2]);
    expect(readCheckpointFile(run.best).progress.update).toBe(1);
  });
});

describe('the latest checkpoint', () => {
  test('none in a folder that is not there, is empty, or is a file', () => {
    const absent = new RunDirectory(join(root, 'absent'));
    const empty = newRun();
    mkdirSync(empty.checkpoints, { recursive: true });
    const file = new RunDirectory(join(root, 'file'));
    writeFileSync(file.path, '');
    for (const run of [absent, empty, file]) {
      expect(run.readLatestCheckpoint(() => undefined)).toBeUndefined();
      expect(run.holdsRun()).toBe(false);
    }
  });

  test('is the one of the highest update, without a warning', () => {
    const warnings: string[] = [];
    expect(runWith([9, 10, 100]).readLatestCheckpoint((message) => warnings.push(message))?.progress.update).toBe(100);
    expect(warnings).toEqual([]);
  });

  test.each<[string, (file: string) => void]>([
    ['damaged', damage],
    ['empty', (file) => writeFileSync(file, '')],
    ['cut short', (file) => writeFileSync(file, readFileSync(file).subarray(0, 100))],
  ])('where it is %s, the one before, with a warning that names the file', (_, spoil) => {
    const run = runWith([1, 2, 3]);
    spoil(run.checkpoint(3));
    const warnings: string[] = [];
    expect(run.readLatestCheckpoint((message) => warnings.push(message))?.progress.update).toBe(2);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(run.checkpoint(3));
    expect(warnings[0]).toContain('falling back');
  });

  test('where all are damaged, an error; the files stay', () => {
    const run = runWith([1, 2]);
    damage(run.checkpoint(1));
    damage(run.checkpoint(2));
    const warnings: string[] = [];
    expect(codeOf(() => run.readLatestCheckpoint((message) => warnings.push(message)))).toBe('data');
    expect(warnings).toEqual([]);
    expect(run.checkpointUpdates()).toEqual([2, 1]);
  });

  test('a checkpoint that is not there', () => {
    expect(codeOf(() => readCheckpointFile(newRun().checkpoint(3)))).toBe('data');
  });
});

describe('metrics', () => {
  const lines = ['{"update":0}', '{"update":1}', '{"update":2}'];
  const published = (run: RunDirectory): string => readFileSync(run.metrics, 'utf8');

  test('are published as lines', () => {
    const run = newRun();
    run.writeMetrics(0, []);
    expect(published(run)).toBe('');
    run.writeMetrics(0, lines);
    expect(published(run)).toBe('{"update":0}\n{"update":1}\n{"update":2}\n');
  });

  test('of a twin that is ahead are left', () => {
    const run = newRun();
    run.writeMetrics(0, lines);
    run.writeMetrics(0, lines.slice(0, 1));
    expect(published(run)).toBe(lines.map((line) => `${line}\n`).join(''));
  });

  test('that differ are replaced', () => {
    const run = newRun();
    run.writeMetrics(0, [...lines, '{"update":3,"off":"cadence"}']);
    run.writeMetrics(0, [...lines, '{"update":5}']);
    expect(published(run)).toBe([...lines, '{"update":5}'].map((line) => `${line}\n`).join(''));
  });
});

describe('closed files of events', () => {
  const ofFile = (number: number, events = 3): string[] => Array.from({ length: events }, (_, index) => JSON.stringify({ update: 3 * (number - 1) + index }));
  const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
  const all = (run: RunDirectory): string =>
    [...readdirSync(run.path).filter((name) => name.startsWith('metrics-')).toSorted(), 'metrics.jsonl'].map((name) => readFileSync(join(run.path, name), 'utf8')).join('');

  test('stand before metrics.jsonl, in the order of their names', () => {
    const run = newRun();
    for (const number of [1, 2]) run.closeMetrics(number, ofFile(number));
    run.writeMetrics(2, ofFile(3, 1));
    expect(all(run)).toBe(text([...ofFile(1), ...ofFile(2), ...ofFile(3, 1)]));
    expect(run.missingMetrics(2)).toEqual([]);
    rmSync(run.closedMetrics(1));
    expect(run.missingMetrics(2)).toEqual([run.closedMetrics(1)]);
  });

  test('metrics.jsonl of the file before is replaced', () => {
    const run = newRun();
    run.writeMetrics(0, ofFile(1));
    run.closeMetrics(1, ofFile(1));
    run.writeMetrics(1, ofFile(2, 1));
    expect(all(run)).toBe(text([...ofFile(1), ...ofFile(2, 1)]));
  });

  test('a twin that is a file ahead is left alone, whoever saves', () => {
    const run = newRun();
    run.closeMetrics(1, ofFile(1));
    run.writeMetrics(1, ofFile(2, 2));
    run.writeMetrics(0, ofFile(1, 2));
    run.closeMetrics(1, ofFile(1));
    run.writeMetrics(1, ofFile(2, 1));
    expect(all(run)).toBe(text([...ofFile(1), ...ofFile(2, 2)]));
  });

  test('of other events (another cadence, from an older checkpoint) go', () => {
    const run = newRun();
    for (const number of [1, 2, 3]) run.closeMetrics(number, ofFile(number));
    run.writeMetrics(3, ofFile(4, 1));
    const others = ['{"update":3}', '{"update":3.5}'];
    run.writeMetrics(1, others);
    expect(all(run)).toBe(text([...ofFile(1), ...others]));
    run.replaceMetrics(0, others);
    expect(all(run)).toBe(text(others));
  });

  test('go with the run', () => {
    const run = runWith([1]);
    run.closeMetrics(1, ofFile(1));
    run.clear();
    expect(readdirSync(run.path)).toEqual([]);
  });
});

describe('the best parameters', () => {
  test('of a twin that is ahead are left; damaged ones are replaced', () => {
    const run = newRun();
    run.writeBest(sampleCheckpoint(9));
    run.writeBest(sampleCheckpoint(4));
    expect(readCheckpointFile(run.best).progress.update).toBe(9);
    damage(run.best);
    run.writeBest(sampleCheckpoint(4));
    expect(readCheckpointFile(run.best).progress.update).toBe(4);
  });

  test.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut short within the length of its header', (bytes) => bytes.subarray(0, 5)],
    ['cut short within its header', (bytes) => bytes.subarray(0, 60)],
    ['cut short within its tensors', (bytes) => bytes.subarray(0, -40)],
    ['a text', () => Buffer.from('not a checkpoint at all')],
    ['claiming a header of 2^60 bytes', (bytes) => {
      bytes.writeBigUInt64LE(2n ** 60n);
      return bytes;
    }],
    ['of another update by a flipped bit of its header', (bytes) => {
      bytes[bytes.indexOf('update\\":9') + 'update\\":'.length] ^= 1;
      return bytes;
    }],
  ])('that are %s are replaced', (_, spoil) => {
    const run = newRun();
    run.writeBest(sampleCheckpoint(9));
    writeFileSync(run.best, spoil(readFileSync(run.best)));
    run.writeBest(sampleCheckpoint(4));
    expect(readCheckpointFile(run.best).progress.update).toBe(4);
  });

  test('of another run are replaced, be they ahead or not', () => {
    for (const [key, value] of [['configHash', 'ef'.repeat(32)], ['dataFingerprint', 'ef'.repeat(32)]]) {
      const run = newRun();
      const other = sampleCheckpoint(9);
      run.writeBest({ ...other, identity: { ...other.identity, [key]: value } });
      run.writeBest(sampleCheckpoint(4));
      expect(readCheckpointFile(run.best).progress.update).toBe(4);
    }
  });

  test('are the last ones where the result says so, else those of best.safetensors', () => {
    const run = runWith([10]);
    expect(codeOf(() => run.bestCheckpoint())).toBe('data');
    run.writeBest(sampleCheckpoint(4));
    expect(run.bestCheckpoint()).toBe(run.best);
    run.writeJson(run.result, { updates: 10, best: { update: 4 } });
    expect(run.bestCheckpoint()).toBe(run.best);
    run.writeJson(run.result, { updates: 10, best: { update: 10 } });
    expect(run.bestCheckpoint()).toBe(run.checkpoint(10));
    run.writeCheckpoint(sampleCheckpoint(20), 1, refuse);
    expect(run.bestCheckpoint()).toBe(run.best);
  });
});

describe('JSON files', () => {
  test('round trip; undefined where there is none', () => {
    const run = newRun();
    expect(run.readJson(run.result)).toBeUndefined();
    run.writeJson(run.result, { digest: 'x', figures: { a: [1, 2] } });
    expect(run.readJson(run.result)).toEqual({ digest: 'x', figures: { a: [1, 2] } });
    expect(readFileSync(run.result, 'utf8').endsWith('}\n')).toBe(true);
  });

  test.each(['', '{', '[1]', 'null', '3', '"text"'])('damaged: %j', (text) => {
    const run = runWith([1]);
    writeFileSync(run.result, text);
    expect(codeOf(() => run.readJson(run.result))).toBe('data');
  });
});

describe('a run in the way', () => {
  test('is known by a checkpoint; a config.json alone may be anything', () => {
    const run = newRun();
    run.writeJson(run.config, {});
    expect(run.holdsRun()).toBe(false);
    run.writeCheckpoint(sampleCheckpoint(1), 1, refuse);
    expect(run.holdsRun()).toBe(true);
  });

  test('clearing removes its files and no others', () => {
    const run = runWith([1, 2]);
    run.writeBest(sampleCheckpoint(1));
    run.writeMetrics(0, ['{}']);
    for (const file of [run.config, run.result, run.execution]) run.writeJson(file, {});
    writeFileSync(join(run.path, 'notes.txt'), 'mine');
    run.clear();
    // Whose the directory is was written before it was cleared.
    expect(readdirSync(run.path)).toEqual(['execution.json', 'notes.txt']);
    expect(run.holdsRun()).toBe(false);
    run.clear();
    expect(readFileSync(join(run.path, 'notes.txt'), 'utf8')).toBe('mine');
  });

  test('clearing that fails midway leaves a run that can be continued, or none', () => {
    // What can't be removed is a folder.
    const early = runWith([2]);
    early.writeBest(sampleCheckpoint(1));
    mkdirSync(early.checkpoint(1));
    expect(() => early.clear()).toThrow(/can't be removed/);
    expect(existsSync(early.best)).toBe(true);
    const late = runWith([1, 2]);
    late.writeJson(late.config, {});
    mkdirSync(late.best);
    expect(() => late.clear()).toThrow(/can't be removed/);
    expect([late.holdsRun(), late.hasConfig()]).toEqual([false, false]);
  });

  test('an old checkpoint that can not be removed is told of, and the new one is there', () => {
    const run = newRun();
    mkdirSync(run.checkpoint(1), { recursive: true });
    const warnings: string[] = [];
    run.writeCheckpoint(sampleCheckpoint(2), 1, (message) => warnings.push(message));
    expect(warnings).toEqual([expect.stringMatching(/update-0000000000001\.safetensors: can't be removed: /)]);
    expect(readCheckpointFile(run.checkpoint(2)).progress.update).toBe(2);
  });

  test('clearing keeps files of others among the checkpoints, and a folder that was never there is no failure', () => {
    const run = runWith([1]);
    writeFileSync(join(run.checkpoints, 'notes.txt'), 'mine');
    run.clear();
    expect(readdirSync(run.checkpoints)).toEqual(['notes.txt']);
    const absent = new RunDirectory(join(root, 'absent'));
    absent.clear();
    expect(existsSync(absent.path)).toBe(false);
  });
});

test('a directory that was removed is not made again for a file', () => {
  const run = runWith([1]);
  rmSync(run.path, { recursive: true });
  for (const write of [() => run.writeCheckpoint(sampleCheckpoint(2), 1, refuse), () => run.writeMetrics(0, ['{}']), () => run.writeBest(sampleCheckpoint(2)), () => run.writeJson(run.result, {})]) {
    expect(codeOf(write)).toBe('runtime');
    expect(existsSync(run.path)).toBe(false);
  }
});

test('the checkpoints of other trainings are removed, and no others', () => {
  const run = runWith([1, 2, 3]);
  const own = sampleCheckpoint(2);
  const identity = { ...own.identity, configHash: 'f'.repeat(64) };
  for (const update of [1, 3]) run.writeCheckpoint({ ...sampleCheckpoint(update), identity }, 100, refuse);
  writeFileSync(run.checkpoint(4), 'damaged');
  run.removeOthers(own.identity);
  expect(run.checkpointUpdates()).toEqual([4, 2]);
});

test('a checkpoint’s file holds what was given', () => {
  const run = runWith([12]);
  expect(decodeCheckpoint(readFileSync(run.checkpoint(12)), 'x').parameters).toEqual(sampleCheckpoint(12).parameters);
});
