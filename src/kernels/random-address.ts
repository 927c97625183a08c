/**
 * Who gets which random number: the one place where the bits of Philox's counter and key are allocated.
 *
 *     key      64 bits   the named stream (from the config's seed, see random/streams)
 *     c0       bits 0–23    block of four units (unit >>> 2)
 *              bits 24–31   update, bits 32–39
 *     c1       bits 0–15    Gibbs step
 *              bits 16–27   temperature
 *              bits 28–30   layer (0 visible, 1 hidden, 2 choices among enumerated states, 3 among duplicate
 *                           units, 4 swaps between temperatures)
 *              bit 31       refinement block
 *     c2       update, bits 0–31
 *     c3       row
 *
 * Word `unit & 3` of the block belongs to the unit. Nothing depends on who computes a number or when.
 */

/** Key of a stream: two unsigned 32-bit words. */
export interface StreamKey {
  readonly k0: number;
  readonly k1: number;
}

/** Everything that names one row of uniforms except the unit. */
export interface RandomAddress {
  readonly key: StreamKey;
  /** Parameter update (or epoch, or temperature index of an estimator); < 2^40. */
  readonly update: number;
  /** Gibbs step within the update; < 2^16. */
  readonly step: number;
  /** See `layers`; < 8. */
  readonly layer: number;
  /** Index into a ladder of temperatures; < 2^12. */
  readonly temperature: number;
}

/** Every field is below its limit. */
export const addressLimits = {
  units: 0x4000000,
  update: 0x10000000000,
  step: 0x10000,
  layer: 8,
  temperature: 0x1000,
  rows: 0x100000000,
} as const;

/** Values of the layer field. */
export const layers = { visible: 0, hidden: 1, states: 2, duplicates: 3, swaps: 4 } as const;

const { isInteger } = Number;
const { floor } = Math;

function checkRange(name: keyof typeof addressLimits, value: number): void {
  if (!(isInteger(value) && value >= 0 && value < addressLimits[name])) {
    throw new RangeError(`random address: ${name} ${value} is outside [0, ${addressLimits[name]})`);
  }
}

/**
 * The counter words of an address that are shared by all rows and units, checked.
 *
 * @returns [upper part of c0, c1 without the refinement bit, c2]
 * @throws RangeError where a field would overflow into its neighbour
 */
export function counterWords(address: RandomAddress): [number, number, number] {
  const { update, step, layer, temperature } = address;
  checkRange('update', update);
  checkRange('step', step);
  checkRange('layer', layer);
  checkRange('temperature', temperature);
  const updateUpper = floor(update / 4294967296);
  return [(updateUpper << 24) >>> 0, (step | (temperature << 16) | (layer << 28)) >>> 0, update % 4294967296 >>> 0];
}

/**
 * Checks a whole row range and unit range at once, so that loops need not.
 *
 * @throws RangeError where rows or units are out of range
 */
export function checkRowsAndUnits(firstRow: number, rows: number, units: number): void {
  if (!(isInteger(firstRow) && firstRow >= 0 && firstRow + rows <= addressLimits.rows)) {
    throw new RangeError(`random address: rows ${firstRow} to ${firstRow + rows} are outside [0, 2^32)`);
  }
  if (units > addressLimits.units) {
    throw new RangeError(`random address: ${units} units are more than ${addressLimits.units}`);
  }
}

/** Bit 31 of c1: the second block, consulted where the first word leaves a comparison open. */
export const refinementBit = 0x80000000;
