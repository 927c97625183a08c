/**
 * Typed arrays as explicit little-endian bytes, whatever the host's own order.
 */

/** Whether this machine keeps the least significant byte first. */
export const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * The bytes of `values`, least significant byte of each element first.
 *
 * @param littleEndianHost only tests pass it
 * @returns a view of `values` where no byte has to move, else a copy
 */
export function littleEndianBytes(
  values: Float64Array | Uint32Array | Uint8Array,
  littleEndianHost = hostIsLittleEndian,
): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const size = values.BYTES_PER_ELEMENT;
  if (littleEndianHost || size === 1) return bytes;
  const swapped = new Uint8Array(bytes.length);
  for (let start = 0; start < bytes.length; start += size) {
    for (let byte = 0; byte < size; byte++) swapped[start + byte] = bytes[start + size - 1 - byte];
  }
  return swapped;
}
