/** Finished work in the cache folder, which is never to be trusted, nor to be said a word about. */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { openFinishedWork } from '../../../dist/checkpoint/finished-work.js';
import { pathOf } from './folder.js';
import { jsonText } from './json.js';
import { encode } from './numbers.js';

const key = 'a computation';
let file;

/** The name that the tool itself gives the file. */
function cacheFile() {
  if (file === undefined) {
    process.env.XDG_CACHE_HOME = pathOf('cache');
    mkdirSync(pathOf('cache'));
    const work = openFinishedWork(key);
    work.set('x', Float64Array.of(1));
    work.save();
    const folder = pathOf('cache/rbm-train');
    file = join(folder, readdirSync(folder)[0]);
  }
  return file;
}

/** The file with a checksum that is right for the rest of it. */
function seal(bytes) {
  const content = bytes.subarray(0, Math.max(0, bytes.length - 32));
  return Buffer.concat([content, createHash('sha256').update(content).digest()]);
}

/** @type {import('./index.js').Target} */
export const finishedWork = {
  name: 'finished-work',
  cost: 2,
  generate(draw) {
    const pieces = new Map();
    for (let left = draw.integer(1, 3); left > 0; left--) pieces.set(draw.name(), draw.numbers(draw.integer(0, 4)));
    const header = jsonText(draw, { format: 'rbm-train finished work 1', key, pieces: [...pieces].map(([name, values]) => [name, values.length]) });
    const content = [Buffer.from(`${header}\n`), ...draw.list([...pieces.values()].map((values) => encode('f8', values)))];
    return { bytes: seal(Buffer.concat([...content, Buffer.alloc(32)])), expected: pieces };
  },
  run(bytes) {
    writeFileSync(cacheFile(), bytes);
    return openFinishedWork(key);
  },
  check(work, bytes, expected) {
    if (!work.isContinued && work.get('x') !== undefined) return 'is not continued, but has pieces';
    for (const [name, values] of expected ?? []) {
      const found = work.get(name);
      if (found === undefined || !encode('f8', [...found]).equals(encode('f8', values))) return `has ${found} as ${name} instead of ${values}`;
    }
    return undefined;
  },
  seal,
};
