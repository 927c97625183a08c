import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { execFileSync } from 'node:child_process';

import { afterAll, describe, expect, test } from '@jest/globals';

import type { DataConfig } from '../../src/config/run-config.js';
import { describeDataset, loadDataset } from '../../src/datasets/index.js';
import { fileSource } from '../../src/datasets/file.js';
import { writeNpy } from '../../src/formats/npy.js';
import { dataConfig } from './config.js';
import { sharedPath, describeWithSharedData } from './shared-data.js';

const folder = mkdtempSync(join(tmpdir(), 'rbm-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const raw = async (path: string, config: Partial<DataConfig> = {}) => await fileSource.load(dataConfig({ source: 'file', path, ...config }), {});

function sha256(header: number[], values: Uint8Array | Float64Array): string {
  return createHash('sha256').update(Uint8Array.from(header)).update(values as Uint8Array).digest('hex');
}

/** Columns, and rows of each split. */
async function sizes(config: Partial<DataConfig>): Promise<number[]> {
  const figures = describeDataset(await loadDataset(dataConfig({ source: 'file', ...config })));
  return [figures.columns, ...figures.splits.map(({ rows }) => rows)];
}

describe('recognising', () => {
  const idx = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 255, 0);
  const npy = writeNpy(Uint8Array.of(1, 0), [1, 1, 2]);
  test.each<[string, Uint8Array | string, number]>([
    ['a', idx, 255],
    ['b.txt', npy, 1],
    ['c.gz', gzipSync(idx), 255],
    ['not-gz.csv', gzipSync('x,y\n1,0\n'), 1],
    ['d.libsvm', '1 1:1 2:0\n', 1],
    ['e.data', '# comment\n+1 1:1 2:0\n', 1],
    ['f.amat', '1 0\n', 1],
    ['g.tsv.gz', gzipSync('x\ty\n1\t0\n'), 1],
  ])('%s', async (name, content, scale) => {
    const examples = await raw(write(name, content));
    expect([examples.rows, examples.columns, examples.scale]).toEqual([1, 2, scale]);
    expect([...examples.values].map((value) => value / scale)).toEqual([1, 0]);
  });

  test('pictures have a shape; the scale can be set', async () => {
    expect((await raw(write('shape', idx), { scale: 1 }))).toMatchObject({ shape: [1, 2], scale: 1 });
    expect((await raw(write('shape.npy', writeNpy(new Uint8Array(24), [2, 1, 3, 4])))).shape).toEqual([3, 4]);
    expect((await raw(write('flat.npy', writeNpy(Uint8Array.of(1, 0), [1, 2])))).shape).toBeUndefined();
  });
});

describe('bad files', () => {
  mkdirSync(join(folder, 'folder'));
  test.each<[string, Uint8Array | string | undefined, RegExp]>([
    ['missing.csv', undefined, /missing\.csv: there is no such file/],
    ['folder', undefined, /folder: is a folder/],
    ['empty', '', /empty: is empty/],
    ['empty.gz', gzipSync(''), /empty once unpacked/],
    ['picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), /a PNG picture/],
    ['utf16.csv', Uint8Array.of(0xff, 0xfe, 0x30, 0, 0x2c, 0), /UTF-16/],
    ['binary', Uint8Array.of(1, 2, 0, 3), /of no known format/],
    ['words.txt', 'hello world\n', /words\.txt:1:1: 'hello' is not a number/],
    ['one.npy', writeNpy(Float64Array.of(1, 0), [2]), /1 dimension/],
    ['none.npy', writeNpy(new Float64Array(0), [0, 4]), /no examples \(0 rows × 4 columns\)/],
    ['narrow.npy', writeNpy(new Float64Array(0), [4, 0]), /no examples \(4 rows × 0 columns\)/],
    ['claims.npy', Buffer.concat([Buffer.from('\x93NUMPY\x01\x00\x44\x00', 'latin1'), Buffer.from("{'descr': '|u1', 'fortran_order': False, 'shape': (0, 99999999999), }")]), /no examples|too many|claims/],
    ['labels.gz', gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7)), /labels, not images/],
    ['cut.gz', gzipSync('0 1\n').subarray(0, 15), /cut\.gz: the gzip data is cut short/],
    ['archive.zip', Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0), /no zip directory/],
  ])('%s', async (name, content, message) => {
    const path = content === undefined ? join(folder, name) : write(name, content);
    const error = (await loadDataset(dataConfig({ source: 'file', path })).catch((reason: unknown) => reason)) as { code: string; message: string; hint: string };
    expect(error).toMatchObject({ name: 'RbmError', code: 'data' });
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(path)).toBe(true);
    expect(error.hint.length).toBeGreaterThan(10);
  });

  test('a pipe or device is refused, not waited for', async () => {
    let path = '/dev/null';
    if (process.platform !== 'win32') {
      path = join(folder, 'pipe');
      execFileSync('mkfifo', [path]);
    }
    await expect(raw(path)).rejects.toMatchObject({ code: 'data', message: expect.stringMatching(/not a regular file/) });
  });
});

describeWithSharedData('real files', () => {
  test('MNIST: the official bytes', async () => {
    const train = await raw(sharedPath('mnist', 'train-images-idx3-ubyte.gz'));
    const test10k = await raw(sharedPath('mnist', 't10k-images-idx3-ubyte.gz'));
    expect([train.rows, test10k.rows, train.columns, train.shape]).toEqual([60_000, 10_000, 784, [28, 28]]);
    expect(sha256([0, 0, 8, 3, 0, 0, 0xea, 0x60, 0, 0, 0, 28, 0, 0, 0, 28], train.values)).toBe(
      'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    );
    expect(sha256([0, 0, 8, 3, 0, 0, 0x27, 0x10, 0, 0, 0, 28, 0, 0, 0, 28], test10k.values)).toBe(
      '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    );
  });

  test('binarized MNIST: values and row sums are those of the text', async () => {
    const path = sharedPath('binarized-mnist', 'binarized_mnist_valid.amat.gz');
    const { rows, columns, values } = await raw(path);
    expect([rows, columns, values.BYTES_PER_ELEMENT]).toEqual([10_000, 784, 1]);
    // Every character that is not a blank or a line break is a value.
    const characters = gunzipSync(readFileSync(path)).filter((byte) => byte > 0x20);
    expect(Buffer.compare(Buffer.from(values as Uint8Array), characters.map((byte) => byte - 0x30))).toBe(0);
  });

  test('dna, mushrooms, nltcs: published sizes', async () => {
    const keys: Partial<DataConfig> = { key: 'train_data', validation: { key: 'valid_data' }, test: { key: 'test_data' } };
    const folderName = 'density-estimation';
    expect(await sizes({ path: sharedPath(folderName, 'dna.npz'), ...keys })).toEqual([180, 1400, 600, 1186]);
    expect(await sizes({ path: sharedPath(folderName, 'mushrooms.npz'), ...keys })).toEqual([112, 2000, 500, 5624]);
    const nltcs = (name: string) => sharedPath(folderName, `nltcs.${name}.data`);
    expect(await sizes({ path: nltcs('train'), validation: { path: nltcs('valid') }, test: { path: nltcs('test') } })).toEqual([16, 16_181, 2157, 3236]);
  });
});
