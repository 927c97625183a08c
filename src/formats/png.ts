/**
 * Grey pictures as PNG files.
 */

import { encode } from 'fast-png';

/** A picture of bytes, 0 black to 255 white. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  /** height × width, row-major. */
  readonly grey: Uint8Array;
}

/**
 * Encodes a picture as an 8-bit greyscale PNG; the same picture gives the same bytes.
 *
 * @throws RangeError where the number of pixels does not fit width and height
 */
export function writePng({ width, height, grey }: GreyPicture): Uint8Array {
  if (grey.length !== width * height) throw new RangeError(`${width} × ${height} pixels are not ${grey.length}`);
  return encode({ width, height, data: grey, depth: 8, channels: 1 });
}
