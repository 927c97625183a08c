/**
 * Fuzzes one target in a thread of its own, so that the main thread can tell a hang and lack of memory from progress, and
 * which file it was: the bytes of the case at work lie in shared memory.
 */

import { parentPort, workerData } from 'node:worker_threads';

import { Draw } from './draw.js';
import { mutate } from './mutations.js';
import { countAllocations, tryCase } from './oracle.js';
import { targets } from './targets/index.js';

/** Probabilities of a lie in a field of a file that may lie: few lies get far, many meet. */
const lies = [0.004, 0.02, 0.1];

const { name, seed, cases, seconds, shared, file } = workerData;
const target = targets.find((candidate) => candidate.name === name);
const wanted = Math.ceil(cases / (target.cost ?? 1));
const [header, content] = [new Int32Array(shared, 0, 2), new Uint8Array(shared, 8)];
const started = performance.now();

/** Says something to the main thread. */
function tell(message) {
  // The rule is for windows, which have an origin.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort.postMessage(message);
}

/** What a case is: a valid file, one that lies, or a damaged one; the last two with checksums that are right again or not. */
function caseOf(index) {
  const draw = new Draw(`${seed} ${name} ${index}`);
  const lying = new Draw(`${seed} ${name} ${index} lies`, draw.pick(lies));
  const kind = draw.chance(0.1) ? 'valid' : draw.pick(['lying', 'damaged', 'damaged', 'lying and damaged']);
  if (kind === 'valid') return target.generate(draw);
  const { bytes } = target.generate(kind === 'damaged' ? draw : lying);
  if (kind === 'lying') return { bytes };
  const damaged = mutate(bytes, draw, target.generate(draw).bytes);
  return { bytes: target.seal !== undefined && draw.chance(0.5) ? target.seal(damaged) : damaged };
}

/** Tries a case; tells the main thread what went wrong. */
async function attempt({ bytes, expected }, index) {
  Atomics.store(header, 1, bytes.length);
  content.set(bytes.subarray(0, content.length));
  Atomics.store(header, 0, index + 1);
  const { failure, accepted } = await tryCase(target, bytes, expected);
  if (failure !== undefined) tell({ failure, bytes: bytes.toString('base64') });
  return accepted;
}

countAllocations();
if (file !== undefined) {
  const accepted = await attempt({ bytes: Buffer.from(file) }, 0);
  tell({ done: 1, accepted: Number(accepted) });
} else {
  let [done, accepted] = [0, 0];
  while (seconds === undefined ? done < wanted : performance.now() - started < 1000 * seconds) {
    if (await attempt(caseOf(done), done)) accepted++;
    done++;
  }
  tell({ done, accepted });
}
