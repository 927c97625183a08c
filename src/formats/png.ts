/**
 * Pictures as PNG files: grey ones, and ones of a palette.
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

/** A picture of at most 256 colours. */
export interface PalettePicture {
  readonly width: number;
  readonly height: number;
  /** height × width, row-major: which colour of the palette each pixel has. */
  readonly places: Uint8Array;
  /** Red, green, blue and opacity of every colour, 0 to 255; colours that let the background through come first. */
  readonly palette: readonly (readonly [number, number, number, number])[];
}

/** The best of zlib's levels: such pictures are small, and stand in pages. */
const smallest = { zlib: { level: 9 } } as const;

/**
 * Encodes a picture as a PNG with a palette, 8 bits for each pixel; the same picture gives the same bytes.
 *
 * @throws RangeError where the number of pixels does not fit width and height, or a pixel's colour is not in the palette
 */
export function writePalettePng({ width, height, places, palette }: PalettePicture): Uint8Array {
  if (places.length !== width * height) throw new RangeError(`${width} × ${height} pixels are not ${places.length}`);
  if (palette.length > 256 || places.some((place) => place >= palette.length)) throw new RangeError(`a palette of ${palette.length} colours does not fit the picture`);
  return encode({ width, height, data: places, depth: 8, channels: 1, palette: palette.map((colour) => [...colour]) }, smallest);
}
