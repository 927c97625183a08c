/** What every decoder must withstand: files cut short anywhere, and files with any one byte changed. */

import { expect } from '@jest/globals';

/** Runs a decoder; returns the error's code, or undefined where it returned a value. Anything but an RbmError fails. */
export function codeOf(decode: () => unknown): string | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    const { name, code, message } = error as { name: string; code: string; message: string };
    expect({ name, message }).toEqual({ name: 'RbmError', message: expect.any(String) });
    return code;
  }
}

/** Lengths at which a file cut short still decodes. */
export function readableTruncations(file: Uint8Array, decode: (bytes: Uint8Array) => unknown): number[] {
  const readable: number[] = [];
  for (let length = 0; length < file.length; length++) {
    const code = codeOf(() => decode(file.subarray(0, length)));
    if (code === undefined) readable.push(length);
    else expect(code).toBe('data');
  }
  return readable;
}

/** Positions at which some change of the byte goes unnoticed. Several changes are tried at each. */
export function unnoticedChanges(file: Uint8Array, decode: (bytes: Uint8Array) => unknown): number[] {
  const unnoticed: number[] = [];
  for (let position = 0; position < file.length; position++) {
    for (const change of [0x01, 0x10, 0x80, 0xff]) {
      const damaged = new Uint8Array(file);
      damaged[position] ^= change;
      const code = codeOf(() => decode(damaged));
      if (code === undefined && unnoticed.at(-1) !== position) unnoticed.push(position);
      if (code !== undefined) expect(code).toBe('data');
    }
  }
  return unnoticed;
}

function bytesOf(values: Uint8Array | Float64Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

/** Whether two typed arrays have the same elements, bit for bit. */
export function sameBits(a: Uint8Array | Float64Array, b: Uint8Array | Float64Array): boolean {
  return a.BYTES_PER_ELEMENT === b.BYTES_PER_ELEMENT && bytesOf(a).equals(bytesOf(b));
}
