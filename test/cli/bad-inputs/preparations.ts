/**
 * Inputs of the cases that plain text can't be: a trained run, damaged checkpoints, binary data files.
 *
 * A case names its preparations in `case.json`; they are carried out in order in the case's own folder, before the
 * command. To add one: a function here, with the damage it does in its comment.
 */

import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import {
  float64,
  idx,
  mat,
  matElement,
  matFile,
  matTypes,
  npy,
  npyFloat64,
  npyHeader,
  safetensors,
  safetensorsParts,
  sealedCheckpoint,
  zip,
  type SafetensorsParts,
} from '../support/encoders.js';

/** What `run` is trained with: 9 visible units, 4 hidden, 6 updates of SML with momentum, checkpoints after 5 and 6. */
export const trainedRunConfig = {
  data: { source: 'bars-and-stripes', height: 3, width: 3, validation: { count: 2 } },
  model: { hiddenUnits: 4 },
  training: { algorithm: 'sml', chains: 3, updates: 6, momentum: 0.5 },
  evaluation: { every: { updates: 2 } },
  checkpoint: { every: { updates: 1 } },
};

/** What a preparation works with: the case's folder, and a run as {@link trainedRunConfig} leaves it. */
interface Context {
  readonly folder: string;
  readonly trainedRun: string;
}

type Preparation = (context: Context) => void;

/** The checkpoints of the copied run, the latest last. */
function checkpoints(folder: string): string[] {
  const place = join(folder, 'run', 'checkpoints');
  return readdirSync(place)
    .toSorted()
    .map((name) => join(place, name));
}

function latestCheckpoint(context: Context): string {
  return checkpoints(context.folder).at(-1) ?? '';
}

/** Changes every checkpoint of the copied run, and gives it a checksum that fits: damage that only a look inside shows. */
function changeCheckpoints(context: Context, change: (parts: SafetensorsParts) => void): void {
  for (const path of checkpoints(context.folder)) {
    const parts = safetensorsParts(readFileSync(path));
    change(parts);
    writeFileSync(path, sealedCheckpoint(parts));
  }
}

/** Writes a file into the case's folder. */
function file(name: string, content: () => Uint8Array | string): Preparation {
  return ({ folder }) => writeFileSync(join(folder, name), content());
}

/** A file of 3 GiB that takes no room on the disk. */
function sparseFile(path: string): void {
  writeFileSync(path, '');
  truncateSync(path, 3 * 2 ** 30);
}

const twelveBits = [1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1];
const threeByFour = () => npyFloat64([3, 4], twelveBits);
const imagesIdx = () => idx(0x08, [3, 2, 2], Buffer.from(twelveBits.map((bit) => 255 * bit)));

export const preparations: Readonly<Record<string, Preparation>> = {
  // Texts

  /** `rows.libsvm`: a value of a million digits and a letter. */
  'digits-and-a-letter': file('rows.libsvm', () => `1 1:${'1'.repeat(1_000_000)}x\n`),
  /** `config.yaml`: 30,000 lists, each within the one before. */
  'brackets-yaml': file('config.yaml', () => `seed: ${'['.repeat(30_000)}${']'.repeat(30_000)}\n`),

  // Runs and checkpoints

  /** `run`: a finished run. */
  run: ({ folder, trainedRun }) => cpSync(trainedRun, join(folder, 'run'), { recursive: true }),
  /** `model.safetensors`: a good checkpoint that lies in no run. */
  model: ({ folder, trainedRun }) =>
    cpSync(join(trainedRun, 'checkpoints', 'update-0000000000006.safetensors'), join(folder, 'model.safetensors')),
  /** The run's checkpoints, all of them, end after 100 bytes. */
  'truncate-checkpoints': ({ folder }) => checkpoints(folder).forEach((path) => truncateSync(path, 100)),
  /** The latest checkpoint lacks its last byte. */
  'cut-one-byte-off-latest': (context) => {
    const path = latestCheckpoint(context);
    truncateSync(path, readFileSync(path).length - 1);
  },
  /** One bit of a weight of every checkpoint is flipped. */
  'flip-a-bit': ({ folder }) => {
    for (const path of checkpoints(folder)) {
      const bytes = readFileSync(path);
      bytes[8 + Number(bytes.readBigUInt64LE(0)) + 3] ^= 0x10;
      writeFileSync(path, bytes);
    }
  },
  /** One digit of the metadata (of the progress) is changed; the tensors are as they were. */
  'flip-a-digit-of-the-metadata': ({ folder }) => {
    for (const path of checkpoints(folder)) {
      const bytes = readFileSync(path);
      const position = bytes.indexOf('update\\":');
      bytes[position + 'update\\":'.length] ^= 1;
      writeFileSync(path, bytes);
    }
  },
  /** Every checkpoint is of zero length, as a full disk leaves files. */
  'empty-checkpoints': ({ folder }) => checkpoints(folder).forEach((path) => truncateSync(path, 0)),
  /** The checkpoints' format is one that does not exist yet. */
  'newer-format': (context) =>
    changeCheckpoints(context, ({ header }) => {
      header.__metadata__.formatVersion = '3';
    }),
  /** The numerics version is another one. */
  'other-numerics': (context) =>
    changeCheckpoints(context, ({ header }) => {
      header.__metadata__.identity = header.__metadata__.identity.replace(/"numericsVersion":\d+/, '"numericsVersion":999');
    }),
  /** The hidden bias claims 2 × 2 where it had 4 values. */
  'hidden-bias-as-matrix': (context) =>
    changeCheckpoints(context, ({ header }) => {
      header.hiddenBias.shape = [2, 2];
    }),
  /** The weights are 4 × 9 instead of 9 × 4: their shape contradicts the biases. */
  'weights-transposed': (context) =>
    changeCheckpoints(context, ({ header }) => {
      header.weights.shape = [4, 9];
    }),
  /** A weight is not a number. */
  'weight-not-finite': (context) =>
    changeCheckpoints(context, ({ header, data }) => {
      data.writeDoubleLE(Number.NaN, header.weights.data_offsets[0]);
    }),
  /** A weight is finite, but so large that no probability is. */
  'weight-huge': (context) =>
    changeCheckpoints(context, ({ header, data }) => {
      data.writeDoubleLE(1e308, header.weights.data_offsets[0]);
    }),
  /** The identity has no config. */
  'identity-without-config': (context) =>
    changeCheckpoints(context, ({ header }) => {
      const { config: _config, ...others } = JSON.parse(header.__metadata__.identity) as Record<string, unknown>;
      header.__metadata__.identity = JSON.stringify(others);
    }),
  /** A row is said to be a picture of a billion lines. */
  'pictures-of-a-billion-lines': (context) =>
    changeCheckpoints(context, ({ header }) => {
      header.__metadata__.identity = header.__metadata__.identity.replace('"shape":[3,3]', '"shape":[1000000000,3]');
    }),
  /** A value of the velocity is infinite. */
  'velocity-not-finite': (context) =>
    changeCheckpoints(context, ({ header, data }) => {
      data.writeDoubleLE(Number.POSITIVE_INFINITY, header['velocity.weights'].data_offsets[0]);
    }),
  /** The velocity has other shapes than the parameters. */
  'velocity-of-another-model': (context) =>
    changeCheckpoints(context, ({ header }) => {
      header['velocity.weights'].shape = [9, 3];
      header['velocity.weights'].data_offsets[1] -= 72;
      header['velocity.hiddenBias'].shape = [3];
      header['velocity.hiddenBias'].data_offsets[1] -= 8;
    }),
  /** There is no velocity, as in the checkpoints of a training without momentum. */
  'no-velocity': (context) =>
    changeCheckpoints(context, ({ header }) => {
      for (const name of ['weights', 'visibleBias', 'hiddenBias']) delete (header as Record<string, unknown>)[`velocity.${name}`];
    }),
  /** The chains of SML are not there. */
  'no-chains': (context) =>
    changeCheckpoints(context, ({ header }) => {
      delete (header as Record<string, unknown>)['state.visibleChains'];
      delete (header as Record<string, unknown>)['state.hiddenChains'];
    }),
  /** The chains of SML have visible states only, as in checkpoints of numerics version 1. */
  'no-hidden-chains': (context) =>
    changeCheckpoints(context, ({ header }) => {
      delete (header as Record<string, unknown>)['state.hiddenChains'];
    }),
  /** The hidden states of the chains claim 4 × 3 where they are 3 × 4. */
  'hidden-chains-transposed': (context) =>
    changeCheckpoints(context, ({ header }) => {
      header['state.hiddenChains'].shape = [4, 3];
    }),
  /** The chains of SML hold values that are no states (200). */
  'chains-not-binary': (context) =>
    changeCheckpoints(context, ({ header, data }) => {
      data[header['state.visibleChains'].data_offsets[0]] = 200;
    }),
  /** The progress is valid JSON, but nonsense. */
  'progress-is-nonsense': (context) =>
    changeCheckpoints(context, ({ header }) => {
      header.__metadata__.progress = '{"update":"six"}';
    }),
  /** The identity is valid JSON, but null. */
  'identity-is-null': (context) =>
    changeCheckpoints(context, ({ header }) => {
      header.__metadata__.identity = 'null';
    }),
  /** The progress is no JSON. */
  'progress-is-no-json': (context) =>
    changeCheckpoints(context, ({ header }) => {
      header.__metadata__.progress = '{"update":';
    }),
  /** `run/result.json` is cut short. */
  'truncate-result': ({ folder }) => truncateSync(join(folder, 'run', 'result.json'), 40),
  /** `run/result.json` names another digest. */
  'change-result-digest': ({ folder }) => {
    const path = join(folder, 'run', 'result.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"digest": "[0-9a-f]{64}"/, `"digest": "${'ab'.repeat(32)}"`));
  },
  /** The run has no result.json, as one that was killed. */
  'remove-result': ({ folder }) => rmSync(join(folder, 'run', 'result.json')),
  /** `run/result.json` has no digest. */
  'remove-result-digest': ({ folder }) => {
    const path = join(folder, 'run', 'result.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"digest"', '"other"'));
  },
  /** `run/result.json` names a digest that is none, and a fraction of an update. */
  'nonsense-in-result': ({ folder }) => {
    writeFileSync(join(folder, 'run', 'result.json'), '{ "digest": "none", "updates": 1.5 }\n');
  },
  /** `run/config.json` is cut in the middle. */
  'truncate-run-config': ({ folder }) => truncateSync(join(folder, 'run', 'config.json'), 120),
  /** `run/config.json` is gone. */
  'remove-run-config': ({ folder }) => rmSync(join(folder, 'run', 'config.json')),
  /** A file stands where the checkpoints' folder should be. */
  'checkpoints-are-a-file': ({ folder }) => {
    rmSync(join(folder, 'run', 'checkpoints'), { recursive: true });
    writeFileSync(join(folder, 'run', 'checkpoints'), 'not a folder\n');
  },
  /** `run/best.safetensors` is a folder. */
  'best-is-a-folder': ({ folder }) => {
    rmSync(join(folder, 'run', 'best.safetensors'), { force: true });
    mkdirSync(join(folder, 'run', 'best.safetensors'));
  },
  /** `run/best.safetensors` is gone. */
  'remove-best': ({ folder }) => rmSync(join(folder, 'run', 'best.safetensors'), { force: true }),
  /** The run's config asks for fewer updates than are done. */
  'ask-for-fewer-updates': ({ folder }) => {
    const path = join(folder, 'run', 'config.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"updates": 6', '"updates": 3'));
  },
  /** `empty`: a folder without anything in it. */
  'empty-folder': ({ folder }) => mkdirSync(join(folder, 'empty')),
  /** `out.npy`: a folder. */
  'folder-named-out.npy': ({ folder }) => mkdirSync(join(folder, 'out.npy')),

  /** `loop.json`: a symbolic link to itself. */
  'link-loop': ({ folder }) => symlinkSync('loop.json', join(folder, 'loop.json')),

  // Models of other tools

  /** 3 GiB of which the disk stores nothing. */
  'sparse-model': ({ folder }) => sparseFile(join(folder, 'model.safetensors')),
  /** A good model of 100,000 visible units and one hidden unit. */
  'npz-wide-model': file('model.npz', () =>
    zip({
      'W.npy': { content: npyFloat64([100_000, 1], Array<number>(100_000).fill(0)) },
      'vbias.npy': { content: npyFloat64([100_000], Array<number>(100_000).fill(0)) },
      'hbias.npy': { content: npyFloat64([1], [0]) },
    }),
  ),

  /** Two matrices without telling names. */
  'npz-of-two-matrices': file('model.npz', () =>
    zip({ 'first.npy': { content: threeByFour() }, 'second.npy': { content: threeByFour() } }),
  ),
  /** Weights 3 × 4, biases of 3 and 5 values. */
  'npz-of-shapes-that-do-not-fit': file('model.npz', () =>
    zip({
      'W.npy': { content: threeByFour() },
      'vbias.npy': { content: npyFloat64([3], [0, 0, 0]) },
      'hbias.npy': { content: npyFloat64([5], [0, 0, 0, 0, 0]) },
    }),
  ),
  /** Square weights with biases that no name tells apart. */
  'npz-square-with-unnamed-biases': file('model.npz', () =>
    zip({
      'W.npy': { content: npyFloat64([2, 2], [1, 2, 3, 4]) },
      'x.npy': { content: npyFloat64([2], [0, 0]) },
      'y.npy': { content: npyFloat64([2], [0, 0]) },
    }),
  ),
  /** Weights without any bias. */
  'npz-without-biases': file('model.npz', () => zip({ 'W.npy': { content: threeByFour() } })),
  /** A bias with an infinite value. */
  'npz-not-finite': file('model.npz', () =>
    zip({
      'W.npy': { content: threeByFour() },
      'vbias.npy': { content: npyFloat64([3], [0, Number.POSITIVE_INFINITY, 0]) },
      'hbias.npy': { content: npyFloat64([4], [0, 0, 0, 0]) },
    }),
  ),
  /** A good model of 3 visible and 4 hidden units. */
  'npz-model': file('model.npz', () =>
    zip({
      'W.npy': { content: threeByFour() },
      'vbias.npy': { content: npyFloat64([3], [0, 0, 0]) },
      'hbias.npy': { content: npyFloat64([4], [0, 0, 0, 0]) },
    }),
  ),
  /** The one array is of Python objects. */
  'npz-model-of-objects': file('model.npz', () => zip({ 'W.npy': { content: npy(npyHeader('|O', [1]), Buffer.from('pickle')) } })),
  /** A MATLAB file that ends in the middle of its weights. */
  'mat-truncated': file('model.mat', () =>
    mat([{ name: 'vishid', shape: [3, 4], values: twelveBits }]).subarray(0, -20),
  ),
  /** A MATLAB file of version 7.3, by its header. */
  'mat-of-version-7.3': file('model.mat', () =>
    Buffer.concat([matFile([], { version: 0x0200 }), Buffer.alloc(384), Buffer.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a])]),
  ),
  /** A MATLAB file of level 4: type, rows, columns, no imaginary part, length of the name. */
  'mat-of-level-4': file('model.mat', () => {
    const header = Buffer.alloc(20);
    for (const [index, value] of [0, 1, 2, 0, 7].entries()) header.writeInt32LE(value, 4 * index);
    return Buffer.concat([header, Buffer.from('vishid\0'), float64([1, 2])]);
  }),
  /** 280 KB that unpack to 280 MiB of zeros: 70 pieces of 4 MiB in one zlib stream. */
  'mat-bomb': file('model.mat', () => {
    const piece = deflateRawSync(Buffer.alloc(4 << 20), { finishFlush: constants.Z_FULL_FLUSH });
    const stream = Buffer.concat([Buffer.from([0x78, 0x9c]), ...Array<Buffer>(70).fill(piece)]);
    return matFile([matElement(matTypes.compressed, stream, { pad: false })]);
  }),
  /** A MATLAB file whose weights claim 2^31 − 1 rows and columns. */
  'mat-huge': file('model.mat', () => mat([{ name: 'vishid', shape: [2 ** 31 - 1, 2 ** 31 - 1], values: [1, 2] }])),
  /** A MATLAB file of weights without any bias. */
  'mat-without-biases': file('model.mat', () => mat([{ name: 'vishid', shape: [3, 4], values: twelveBits }])),
  /** A MATLAB file of texts and structs only. */
  'mat-without-arrays': file('model.mat', () =>
    mat([
      { name: 'note', shape: [1, 1], values: [65], type: 'uint16', arrayClass: 4 },
      { name: 'rbm', shape: [1, 1], values: [0], arrayClass: 2 },
    ]),
  ),
  /** A MATLAB file with a bias that is not a number. */
  'mat-not-finite': file('model.mat', () =>
    mat([
      { name: 'vishid', shape: [3, 4], values: twelveBits },
      { name: 'visbiases', shape: [1, 3], values: [0, Number.NaN, 0] },
      { name: 'hidbiases', shape: [1, 4], values: [0, 0, 0, 0] },
    ]),
  ),
  /** A safetensors file of a neural network: two layers of weights. */
  'safetensors-of-another-kind': file('model.safetensors', () =>
    safetensors(
      {
        'layer1.weight': { dtype: 'F64', shape: [2, 2], data_offsets: [0, 32] },
        'layer2.weight': { dtype: 'F64', shape: [2, 2], data_offsets: [32, 64] },
      },
      float64([1, 2, 3, 4, 5, 6, 7, 8]),
    ),
  ),
  /** The header claims 2^60 bytes. */
  'safetensors-huge-header': file('model.safetensors', () => {
    const bytes = safetensors({}, Buffer.alloc(16));
    bytes.writeBigUInt64LE(1n << 60n);
    return bytes;
  }),
  /** A tensor claims 2^40 × 2^12 values; there are none. */
  'safetensors-huge-tensor': file('model.safetensors', () =>
    safetensors({ weights: { dtype: 'F64', shape: [2 ** 40, 2 ** 12], data_offsets: [0, 2 ** 52] } }, Buffer.alloc(0)),
  ),
  /** Tensors of bfloat16, which is not read. */
  'safetensors-bfloat16': file('model.safetensors', () =>
    safetensors({ weights: { dtype: 'BF16', shape: [2, 2], data_offsets: [0, 8] } }, Buffer.alloc(8)),
  ),
  /** The header is no JSON. */
  'safetensors-header-no-json': file('model.safetensors', () => {
    const bytes = safetensors({ weights: 1 }, Buffer.alloc(0));
    bytes.write('{{', 8, 'latin1');
    return bytes;
  }),

  // Configs

  /** A config of gzipped bytes. */
  'binary-config': file('config.json', () => gzipSync('{ seed: 1 }')),
  /** A config in UTF-16, as some editors save. */
  'utf16-config': file('config.json', () => Buffer.from('\uFEFF{ seed: 1 }', 'utf16le')),
  /** A config in Latin-1: a byte that is not UTF-8. */
  'latin1-config': file('config.json', () => Buffer.from('{ output: "L\u00f6sung" }', 'latin1')),
  /** A config of 2 MiB. */
  'large-config': file('config.json', () => `{ seed: "${'x'.repeat(1 << 21)}" }`),
  /** A config nested 100,000 deep. */
  'deep-config': file('config.json', () => `{ data: ${'['.repeat(100_000)}${']'.repeat(100_000)} }`),
  /** A YAML config nested 20,000 deep. */
  'deep-yaml': file('config.yaml', () => `data: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`),
  /** A key with an escape sequence that would clear the terminal, and a value with a line break. */
  'control-characters-config': file('config.json', () => '{ "da\u001b[2Jta": 1, "mod\\nel": 2, "seed": "1" }'),
  // Data

  /** 3 GiB of which the disk stores nothing. */
  'sparse-data': ({ folder }) => sparseFile(join(folder, 'data.bin')),
  /** 8 KiB that begin like no format: SHA-256 of 0, 1, 2, … */
  'random-bytes': file('data.bin', () =>
    Buffer.concat(Array.from({ length: 256 }, (_, index) => createHash('sha256').update(String(index)).digest())),
  ),
  /** Images of MNIST's format whose last bytes are missing. */
  'idx-truncated': file('images-idx3-ubyte', () => imagesIdx().subarray(0, -3)),
  /** Labels instead of images. */
  'idx-labels': file('labels-idx1-ubyte', () => idx(0x08, [5], Buffer.from([1, 2, 3, 4, 5]))),
  /** A header of 2^32 − 1 by 2^32 − 1 pictures without a byte behind it. */
  'idx-huge': file('images-idx3-ubyte', () => idx(0x08, [0xffffffff, 0xffffffff, 28], Buffer.alloc(0))),
  /** No pictures at all. */
  'idx-without-rows': file('images-idx3-ubyte', () => idx(0x08, [0, 28, 28], Buffer.alloc(0))),
  /** Grey pictures, neither 0 nor 255. */
  'idx-grey': file('images-idx3-ubyte', () => idx(0x08, [1, 2, 2], Buffer.from([0, 255, 128, 3]))),
  /** A gzip file that ends early. */
  'gzip-truncated': file('images-idx3-ubyte.gz', () => gzipSync(imagesIdx()).subarray(0, -12)),
  /** A gzip file with one changed byte (its checksum). */
  'gzip-damaged': file('images-idx3-ubyte.gz', () => {
    const bytes = gzipSync(imagesIdx());
    bytes[bytes.length - 6] ^= 1;
    return bytes;
  }),
  /** A gzip file of nothing. */
  'gzip-empty': file('data.txt.gz', () => gzipSync('')),
  /** 280 KB that unpack to 280 MiB of zeros: 70 gzip members of 4 MiB. */
  'gzip-bomb': file('data.txt.gz', () => Buffer.concat(Array<Buffer>(70).fill(gzipSync(Buffer.alloc(4 << 20, '0'))))),
  /** A good array whose last bytes are missing. */
  'npy-truncated': file('data.npy', () => threeByFour().subarray(0, -5)),
  /** An array of Python objects. */
  'npy-of-objects': file('data.npy', () => npy(npyHeader('|O', [2, 2]), Buffer.from('not a real pickle'))),
  /** An array of complex numbers. */
  'npy-complex': file('data.npy', () => npy(npyHeader('<c16', [1, 2]), Buffer.alloc(32))),
  /** One dimension: labels, or a single row. */
  'npy-vector': file('data.npy', () => npyFloat64([4], [0, 1, 1, 0])),
  /** The header claims 2^60 rows. */
  'npy-huge': file('data.npy', () => npy(npyHeader('|u1', [1n << 60n, 784]), Buffer.alloc(16))),
  /** A value that is not a number. */
  'npy-not-finite': file('data.npy', () => npyFloat64([2, 2], [0, 1, Number.NaN, 1])),
  /** A negative value. */
  'npy-negative': file('data.npy', () => npyFloat64([2, 2], [0, 1, 1, -1])),
  /** No rows. */
  'npy-without-rows': file('data.npy', () => npyFloat64([0, 4], [])),
  /** Two arrays, either of which could be meant. */
  'npz-of-two-arrays': file('data.npz', () => zip({ 'train.npy': { content: threeByFour() }, 'test.npy': { content: threeByFour() } })),
  /** The archive ends before its directory. */
  'npz-truncated': file('data.npz', () => zip({ 'x.npy': { content: threeByFour() } }).subarray(0, -30)),
  /** A byte of an entry is changed, so its checksum does not fit. */
  'npz-damaged': file('data.npz', () => {
    const bytes = zip({ 'x.npy': { content: threeByFour() } });
    bytes[200] ^= 1;
    return bytes;
  }),
  /** An archive of a picture and a text. */
  'npz-without-arrays': file('data.npz', () => zip({ 'notes.txt': { content: Buffer.from('hello') } })),
  /** 300 KB that say they unpack to 300 MiB. */
  'npz-bomb': file('data.npz', () =>
    zip({ 'x.npy': { content: Buffer.alloc(16 << 20), deflate: true, claimedSize: 300 << 20 } }),
  ),
  /** 16 MiB of zeros in an entry that says it has 1000 bytes. */
  'npz-bomb-in-disguise': file('data.npz', () => zip({ 'x.npy': { content: Buffer.alloc(16 << 20), deflate: true, claimedSize: 1000 } })),
  /** A row of 4,000 values, so that 2^26 hidden units need 2 TB. */
  'wide-row': file('data.txt', () => `${'0 1 '.repeat(2000).trim()}\n`),
  /** A PNG picture by its first bytes. */
  'png-picture': file('digits.png', () => Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13])),
};
