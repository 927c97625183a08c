/**
 * Pictures as PNG files: grey ones, and ones of a palette.
 */

import { decode, encode } from 'fast-png';

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

/**
 * A PNG again, every pixel as a square of `factor` × `factor` pixels.
 *
 * @param png of 8 bits, as the functions here make it
 */
export function enlargePng(png: Uint8Array, factor: number): Uint8Array {
  const { width, height, data, palette, channels } = decode(png);
  const line = width * factor * channels;
  const enlarged = new Uint8Array(line * height * factor);
  for (let y = 0; y < height; y++) {
    const top = y * factor * line;
    for (let x = 0; x < width; x++) {
      const pixel = data.subarray((y * width + x) * channels, (y * width + x + 1) * channels);
      for (let copy = 0; copy < factor; copy++) enlarged.set(pixel, top + (x * factor + copy) * channels);
    }
    for (let copy = 1; copy < factor; copy++) enlarged.copyWithin(top + copy * line, top, top + line);
  }
  const size = { width: width * factor, height: height * factor };
  if (palette === undefined) return encode({ ...size, data: enlarged, depth: 8, channels }, smallest);
  return writePalettePng({ ...size, places: enlarged, palette: palette.map(([red, green, blue, opacity = 255]) => [red, green, blue, opacity] as const) });
}

/**
 * Encodes a picture of any colours as a PNG, 8 bits for each of red, green and blue; the same picture gives the same bytes.
 *
 * @param picture rgb: height × width × 3, row-major
 * @throws RangeError where the number of values does not fit width and height
 */
export function writeRgbPng({ width, height, rgb }: { readonly width: number; readonly height: number; readonly rgb: Uint8Array }): Uint8Array {
  if (rgb.length !== width * height * 3) throw new RangeError(`${width} × ${height} pixels are not ${rgb.length / 3}`);
  return encode({ width, height, data: rgb, depth: 8, channels: 3 }, { zlib: { level: 6 } });
}
