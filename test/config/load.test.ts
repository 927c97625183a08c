/** Files: what can be read, what is refused, and errors that point at a key later. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configError, loadConfig } from '../../src/config/index.js';
import { config, good, keys, parse } from './helpers.js';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rbm-config-'));
  mkdirSync(join(folder, 'configs'));
  mkdirSync(join(folder, 'folder.json'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('loadConfig', () => {
  test('reads a file; its paths are relative to it, those of overrides to the working folder', async () => {
    writeFileSync(join(folder, 'configs', 'a.json'), '{data: {source: "file", path: "d.npy"}, training: {algorithm: "cd", epochs: 1}}');
    const loaded = await loadConfig(keys, { file: 'configs/a.json', set: ['output=out'], workingDirectory: folder });
    expect(loaded.config).toMatchObject({ data: { path: join(folder, 'configs', 'd.npy') }, output: join(folder, 'out') });
    expect(loaded.locate('data.path')).toBe('configs/a.json:1:31');
  });

  test.each<[string, Uint8Array | string | undefined, string]>([
    ['nowhere.json', undefined, 'nowhere.json: there is no such file'],
    ['nowhere/a.json', undefined, 'nowhere/a.json: there is no such file'],
    ['a\u001b.json', undefined, 'a\\u001b.json: there is no such file'],
    ['a\0.json', undefined, 'a\\u0000.json: not a file name'],
    [`${'a'.repeat(5000)}.json`, undefined, 'the name is too long'],
    ['folder.json', undefined, 'folder.json: is a folder, not a file'],
    ['/dev/zero', undefined, '/dev/zero: larger than 1 MiB'],
    ['large.json', ' '.repeat((1 << 20) + 1), 'large.json: larger than 1 MiB; expected a config file'],
    ['binary.json', new Uint8Array([123, 0, 1, 2]), 'binary.json: byte 1 is 0: a binary file; expected a config as UTF-8 text'],
    ['latin.json', new Uint8Array([123, 0xe9, 125]), 'latin.json: is not UTF-8'],
    ['utf16.json', new Uint8Array([0xff, 0xfe, 123, 0]), 'utf16.json: is UTF-16 text'],
    ['empty.json', '', 'empty.json:1:1: the file is empty'],
    ['empty.yaml', '', 'empty.yaml:1:1: the file is empty'],
    ['broken.json', '{', 'broken.json:1:2: expected a key or "}", found the end of the file'],
  ])('%j', async (file, content, message) => {
    if (content !== undefined) writeFileSync(join(folder, file), content);
    await expect(loadConfig(keys, { file, workingDirectory: folder })).rejects.toMatchObject({
      name: 'RbmError',
      code: 'usage',
      message: expect.stringContaining(message),
    });
  });

  test('a byte order mark and CRLF are fine', async () => {
    writeFileSync(join(folder, 'bom.json'), `\uFEFF${good.replaceAll(' ', '\r\n')}`);
    const loaded = await loadConfig(keys, { file: join(folder, 'bom.json'), workingDirectory: '/' });
    expect(loaded.config).toEqual(config(good));
  });
});

describe('later errors', () => {
  const loaded = parse('{\n  data: {source: "file", path: "d.npy", shape: [1, 2]},\n  training: {algorithm: "cd", epochs: 3}\n}', ['training.k=4']);

  test('point at the key', () => {
    const error = configError(loaded, 'data.path', 'no such file: d.npy', 'Check the name.');
    expect(error.message).toBe('run.json:2:32: data.path: no such file: d.npy');
    expect(error.frame).toContain('^^^^^^^');
    expect(error).toMatchObject({ code: 'usage', hint: 'Check the name.' });
    expect(configError(loaded, 'training.k', 'too large').message).toBe('--set training.k=4: training.k: too large');
    expect(configError(loaded, 'training.batchSize', 'too large').message).toBe('run.json: training.batchSize: too large');
  });

  test('locate objects by their key, and items of lists', () => {
    expect(loaded.locate('data')).toBe('run.json:2:3');
    expect(loaded.locate('data.shape[1]')).toBe('run.json:2:52');
    expect(loaded.locate('checkpoint.every.seconds')).toBe('run.json');
    expect(loaded.frame('checkpoint')).toBeUndefined();
  });
});
