/**
 * What may come of a damaged file: a value that the target finds right, or one error for the user, of the right code and
 * safe to print; in bounded time, within memory in proportion to the file, the file's bytes left as they were.
 */

/** @typedef {import('./targets/index.js').Target} Target */

/** Of the processor: a machine that is busy with something else does not count. What waits for ever, run.js finds out. */
const milliseconds = 2000;
const messageLimit = 2500;
const mebibyte = 1 << 20;

/** What must not reach a terminal, but for the line break: hints and frames have several lines. */
// oxlint-disable-next-line no-control-regex
export const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Bytes of typed arrays and buffers that were asked for since `start`. */
const allocations = { bytes: 0 };

/**
 * Counts what is asked for, as memory that was never touched takes none: a header that claims much is to be found out before
 * it is believed. What zlib unpacks is not seen here; `arrayBuffers` of the process has that.
 */
export function countAllocations() {
  for (const name of ['ArrayBuffer', 'Uint8Array', 'Uint16Array', 'Uint32Array', 'Int32Array', 'Float32Array', 'Float64Array', 'Array']) {
    const size = globalThis[name].BYTES_PER_ELEMENT ?? (name === 'Array' ? 8 : 1);
    globalThis[name] = new Proxy(globalThis[name], {
      construct(target, parameters, newTarget) {
        if (typeof parameters[0] === 'number') allocations.bytes += size * parameters[0];
        return Reflect.construct(target, parameters, newTarget === globalThis[name] ? target : newTarget);
      },
    });
  }
  for (const name of ['alloc', 'allocUnsafe']) {
    const original = Buffer[name];
    Buffer[name] = (size, ...rest) => {
      allocations.bytes += size;
      return original(size, ...rest);
    };
  }
}

/** Why an error is not one for the user; undefined where it is. */
function faultOfError(error, target, bytes) {
  if (error?.name !== 'RbmError') return `threw ${error?.stack ?? error}`;
  const codes = target.codes ?? ['data'];
  if (!codes.includes(error.code)) return `error of code ${error.code} instead of ${codes.join(' or ')}: ${error.message}`;
  // A code frame shows lines of the file, made safe by itself.
  for (const [what, text] of Object.entries({ message: error.message, hint: error.hint ?? '', frame: error.frame ?? '' })) {
    if (unprintable.test(text)) return `its ${what} has a character that must not reach a terminal: ${JSON.stringify(text)}`;
    if (text.length > messageLimit) return `its ${what} has ${text.length} characters: ${text.slice(0, 200)}`;
    // Data may hold NaN, and then the message says so.
    const [invention] = /undefined|NaN(?! is not a finite number)|\[object/.exec(text) ?? [];
    if (invention !== undefined && !bytes.includes(invention)) return `its ${what} says ${invention}: ${text}`;
  }
  return error.message.includes('\n') ? `its message has several lines: ${error.message}` : undefined;
}

/**
 * Runs one case.
 *
 * @param {Target} target @param {Buffer} bytes
 * @param {unknown} [expected] what the file holds, where it is valid
 * @returns {Promise<{failure?: string, accepted: boolean}>} `failure`: why the outcome is wrong
 */
export async function tryCase(target, bytes, expected) {
  const copy = Buffer.from(bytes);
  const { arrayBuffers } = process.memoryUsage();
  allocations.bytes = 0;
  const start = process.cpuUsage();
  let value;
  let error;
  try {
    value = await target.run(bytes);
  } catch (thrown) {
    error = thrown ?? new Error(`threw ${thrown}`);
  }
  const { user, system } = process.cpuUsage(start);
  const took = (user + system) / 1000;
  const allocated = Math.max(allocations.bytes, process.memoryUsage().arrayBuffers - arrayBuffers);
  const allowed = target.memory?.(bytes) ?? 64 * bytes.length + mebibyte;
  const failure =
    (error === undefined ? target.check(value, bytes, expected) : faultOfError(error, target, bytes)) ??
    (error !== undefined && expected !== undefined ? `a valid file was refused: ${error.message}` : undefined) ??
    (took > milliseconds ? `took ${took.toFixed(0)} ms` : undefined) ??
    (allocated > allowed ? `allocated ${allocated} bytes for a file of ${bytes.length}; allowed are ${allowed}` : undefined) ??
    (copy.equals(bytes) ? undefined : 'changed the bytes of the file');
  return { failure, accepted: error === undefined };
}
