/**
 * Loaded by Node.js before the tool (`--expose-gc --import`): at each new checkpoint it collects garbage and notes what the
 * process holds; at the end it writes the notes, a JSON list, to PROBE_OUTPUT. The tool knows nothing of it.
 */

import { readdirSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const { PROBE_CHECKPOINTS: checkpoints, PROBE_OUTPUT: output } = process.env;

/** Number of entries of a folder of the kernel's, 0 where there is none. */
function count(folder) {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
}

function latestUpdate() {
  try {
    const name = readdirSync(checkpoints).filter((other) => other.startsWith('update-')).toSorted().at(-1) ?? '';
    return Number(name.slice(7, 20));
  } catch {
    return 0;
  }
}

const cpuMicroseconds = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

if (isMainThread && output !== undefined) {
  const notes = [];
  let [latest, own] = [0, 0];
  setInterval(() => {
    const start = cpuMicroseconds();
    const update = latestUpdate();
    if (update > latest) {
      latest = update;
      globalThis.gc();
      globalThis.gc();
      const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
      notes.push({ update, cpuSeconds: (start - own) / 1e6, rss, heapUsed, external, arrayBuffers, files: count('/proc/self/fd'), threads: count('/proc/self/task') });
    }
    own += cpuMicroseconds() - start;
  }, 25).unref();
  process.on('exit', () => writeFileSync(output, JSON.stringify(notes)));
}
