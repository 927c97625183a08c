/** The registry of fuzzed parsers. To add one: a file here, a row below. */

import { checkpoint } from './checkpoint.js';
import { jsonConfig, yamlConfig } from './config-text.js';
import { decimal } from './decimal.js';
import { commandsTarget } from './commands.js';
import { dataFile } from './data-file.js';
import { finishedWork } from './finished-work.js';
import { gzip } from './gzip.js';
import { idx } from './idx.js';
import { mat } from './mat.js';
import { modelFile } from './model-file.js';
import { npy } from './npy.js';
import { npz } from './npz.js';
import { overrides } from './overrides.js';
import { resume } from './resume.js';
import { safetensors } from './safetensors.js';
import { sweepFile, sweepManifest } from './sweep.js';
import { headedText, libsvm, numberText, wordText } from './text-tables.js';

/**
 * A parser under attack.
 *
 * @typedef {object} Target
 * @property {string} name
 * @property {(draw: import('../draw.js').Draw) => {bytes: Buffer, expected?: unknown}} generate a small file; it is valid, and
 * `expected` is what it holds, unless `draw` lies. Fields whose truth can be bent go through `draw.lie`, lists of parts through
 * `draw.list`, before checksums are computed.
 * @property {(bytes: Buffer) => unknown} run reads it, as the tool does; may be asynchronous
 * @property {(value: any, bytes: Buffer, expected?: any) => string | undefined} check why a value that was read is wrong
 * (undefined where it is right); with `expected` it must be that, without it must make sense by itself
 * @property {(bytes: Buffer) => Buffer} [seal] makes the checksums of a damaged file right again, as far as it can be understood
 * @property {readonly string[]} [codes] of the errors for users; `data` where left out
 * @property {number} [cost] so many times fewer cases than asked for: where one takes long
 * @property {(bytes: Buffer) => number} [memory] bytes of arrays that may be asked for; 1 MiB + 64 × the file where left out
 */

/** @type {readonly Target[]} */
export const targets = [npy, npz, gzip, idx, mat, safetensors, checkpoint, modelFile, dataFile, finishedWork, commandsTarget, resume, jsonConfig, yamlConfig, overrides, sweepFile, sweepManifest, decimal, numberText, wordText, headedText, libsvm];
