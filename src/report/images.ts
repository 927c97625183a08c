/**
 * Rows of numbers as images for the report, one pixel to a number: grids of small pictures, grey or in the colours of signed
 * values.
 *
 * All images share one palette layout: place 0 lets the page through (where nothing is shown), place 1 is the mid-grey of the
 * lines between pictures, which is seen on a light and on a dark page, and the places from 2 on are the values. The bytes of an
 * image are a function of the numbers alone.
 */

import { writePalettePng } from '../formats/png.js';
import type { Picture } from './section.js';

const { ceil, floor, max, min, round, sqrt } = Math;

/** [height, width] of a row shown as a picture, height × width = its numbers. */
export type Shape = readonly [number, number];

/** Pixels, each a place in a palette (or, of other callers, a shade of grey). */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** height × width, row-major. */
  readonly places: Uint8Array;
}

/** The palette's place of pixels that let the page through. */
export const clearPlace = 0;

/** The palette's place of the lines between pictures, and of values that are not known. */
export const linePlace = 1;

/** The palette's places of the least value and of the largest; the middle one of signed values, 0, lies between them. */
export const valuePlaces = { least: 2, middle: 128, largest: 254 } as const;

/** More pixels are not put into one image: as weights they take about 1 byte each, and a page shall stay small. */
export const mostPixels = 400_000;

/** Images are enlarged by a whole factor up to about this size. */
const sizeOnPage = { width: 960, height: 640 } as const;

/** The largest factor: a few large pixels say no more when they are larger still. */
const largestScale = 16;

/** How many pictures of a grid stand in a line, so that the grid is about as wide as high. */
export function tilesPerLine(count: number, [height, width]: Shape): number {
  return max(1, min(count, ceil(sqrt((count * height) / width))));
}

/**
 * A grid of equal pictures, with a line of one pixel between them and around.
 *
 * @param count pictures, at least 1
 * @param perLine pictures in a line
 * @param pixel place of pixel `index` (row-major) of picture `tile`
 * @param line place of the lines
 * @param empty place where the last line of the grid has no pictures left
 */
export function tileGrid(
  count: number,
  [height, width]: Shape,
  perLine: number,
  pixel: (tile: number, index: number) => number,
  { line = linePlace, empty = clearPlace }: { readonly line?: number; readonly empty?: number } = {},
): Pixels {
  const lines = ceil(count / perLine);
  const gridWidth = perLine * (width + 1) + 1;
  const gridHeight = lines * (height + 1) + 1;
  const places = new Uint8Array(gridWidth * gridHeight).fill(line);
  for (let tile = 0; tile < count; tile++) {
    const corner = (floor(tile / perLine) * (height + 1) + 1) * gridWidth + (tile % perLine) * (width + 1) + 1;
    for (let index = 0; index < height * width; index++) {
      places[corner + floor(index / width) * gridWidth + (index % width)] = pixel(tile, index);
    }
  }
  // Right of the last picture's line, below the line of those above.
  const used = (count - (lines - 1) * perLine) * (width + 1) + 1;
  const firstRow = lines === 1 ? 0 : gridHeight - height - 1;
  for (let row = firstRow; row < gridHeight; row++) places.fill(empty, row * gridWidth + used, (row + 1) * gridWidth);
  return { width: gridWidth, height: gridHeight, places };
}

/** Pixels between images that stand together: fewer between small ones, which are enlarged more. */
function distanceBetween(images: readonly Pixels[]): number {
  return max(1, min(4, round(max(...images.map(({ width }) => width)) / 16)));
}

/** Several images in one, side by side or below each other, with what lets the page through between them. */
export function joinImages(images: readonly Pixels[], direction: 'beside' | 'below'): Pixels {
  const isBeside = direction === 'beside';
  const along = ({ width, height }: Pixels): number => (isBeside ? width : height);
  const across = ({ width, height }: Pixels): number => (isBeside ? height : width);
  const between = distanceBetween(images);
  const length = images.reduce((sum, image) => sum + along(image) + between, -between);
  const breadth = max(...images.map(across));
  const [width, height] = isBeside ? [length, breadth] : [breadth, length];
  const places = new Uint8Array(width * height).fill(clearPlace);
  let start = 0;
  for (const image of images) {
    for (let row = 0; row < image.height; row++) {
      const target = isBeside ? row * width + start : (start + row) * width;
      places.set(image.places.subarray(row * image.width, (row + 1) * image.width), target);
    }
    start += along(image) + between;
  }
  return { width, height, places };
}

/** From values to places, the least black and the largest white; what lies outside is cut off, and no number is a line. */
export function greyPlace(least: number, largest: number): (value: number) => number {
  const { least: first, largest: last } = valuePlaces;
  // Halves, so that the range of the largest numbers does not overflow.
  const range = largest / 2 - least / 2;
  return (value) => {
    if (Number.isNaN(value)) return linePlace;
    // Where all values are the same they are the middle.
    const share = range > 0 ? (value / 2 - least / 2) / range : 0.5;
    return first + round((last - first) * max(0, min(1, share)));
  };
}

/** From signed values to places: −limit, 0 and limit are the ends and the middle; what lies outside is cut off. */
export function signedPlace(limit: number): (value: number) => number {
  const { middle, largest } = valuePlaces;
  return (value) => {
    if (Number.isNaN(value)) return linePlace;
    const share = limit > 0 ? max(-1, min(1, value / limit)) : 0;
    // Rounded away from 0 on both sides, so that a sign more or less only changes the colour.
    return share < 0 ? middle - round(-share * (largest - middle)) : middle + round(share * (largest - middle));
  };
}

type Colour = readonly [number, number, number, number];

/** Nothing, and the lines. */
const firstColours: readonly Colour[] = [
  [255, 255, 255, 0],
  [128, 128, 128, 255],
];

/**
 * From the most negative to the most positive: blue and orange, which people with any colour vision tell apart, as light as
 * paper at 0 and darker on both sides alike, so that they are still read in grey.
 */
const signedColours: readonly Colour[] = [
  [5, 48, 97, 255],
  [44, 121, 184, 255],
  [150, 199, 225, 255],
  [247, 247, 247, 255],
  [250, 187, 120, 255],
  [204, 98, 12, 255],
  [103, 39, 3, 255],
];

/** Colours between these, at even steps, for all values. */
function coloursBetween(anchors: readonly Colour[]): Colour[] {
  const { least, largest } = valuePlaces;
  return Array.from({ length: largest - least + 1 }, (_, step) => {
    const position = (step * (anchors.length - 1)) / (largest - least);
    const lower = min(anchors.length - 2, floor(position));
    const share = position - lower;
    const mixed = (channel: 0 | 1 | 2): number => round((1 - share) * anchors[lower][channel] + share * anchors[lower + 1][channel]);
    return [mixed(0), mixed(1), mixed(2), 255];
  });
}

/** The palettes of images. */
const palettes = {
  grey: [...firstColours, ...coloursBetween([[0, 0, 0, 255], [255, 255, 255, 255]])],
  signed: [...firstColours, ...coloursBetween(signedColours)],
} as const;

/** By how much an image is enlarged on the page. */
function scaleOf({ width, height }: Pixels): number {
  return max(1, min(largestScale, floor(sizeOnPage.width / width), max(2, floor(sizeOnPage.height / height))));
}

/** The `png` of a {@link Picture}. */
export function imageOf(pixels: Pixels, palette: keyof typeof palettes): NonNullable<Picture['png']> {
  const { width, height } = pixels;
  return { bytes: writePalettePng({ ...pixels, palette: palettes[palette] }), width, height, scale: scaleOf(pixels) };
}
