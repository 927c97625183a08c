import { expect, test } from '@jest/globals';
import { decode } from 'fast-png';
import * as fc from 'fast-check';

import { greyPlace, imageOf, joinImages, signedPlace, tileGrid, tilesPerLine, valuePlaces, type Pixels } from '../../src/report/images.js';

const { abs, floor } = Math;

/** Colours of a PNG as [red, green, blue, opacity], by an independent reader. */
function coloursOf(bytes: Uint8Array): { width: number; height: number; at: (x: number, y: number) => number[] } {
  const { width, height, data, palette = [] } = decode(bytes);
  return {
    width,
    height,
    at: (x, y) => {
      const colour = palette[data[y * width + x]];
      return colour.length === 4 ? colour : [...colour, 255];
    },
  };
}

const clear = 0;
const line = 1;

test('every pixel of a grid is a line, nothing, or the value of the picture that it lies in', () => {
  const shapes = fc.record({ count: fc.integer({ min: 1, max: 20 }), height: fc.integer({ min: 1, max: 5 }), width: fc.integer({ min: 1, max: 5 }), perLine: fc.integer({ min: 1, max: 7 }) });
  fc.assert(
    fc.property(shapes, ({ count, height, width, perLine }) => {
      const value = (tile: number, index: number): number => 2 + ((tile * 31 + index * 7) % 250);
      const grid = tileGrid(count, [height, width], perLine, value);
      expect([grid.width, grid.height]).toEqual([perLine * (width + 1) + 1, Math.ceil(count / perLine) * (height + 1) + 1]);
      // Seen from the pixel instead of from the picture.
      const isWithin = (tile: number): boolean => tile >= 0 && tile < count;
      for (let y = 0; y < grid.height; y++) {
        for (let x = 0; x < grid.width; x++) {
          const [row, column] = [floor((y - 1) / (height + 1)), floor((x - 1) / (width + 1))];
          const [inY, inX] = [(y - 1) - row * (height + 1), (x - 1) - column * (width + 1)];
          const tile = row * perLine + column;
          const isInTile = y > 0 && x > 0 && inY < height && inX < width;
          // Lines belong to the pictures on either side of them.
          const touches = [row, row + 1].some((r) => [column, column + 1].some((c) => {
            const isTouched = y >= r * (height + 1) && y <= (r + 1) * (height + 1) && x >= c * (width + 1) && x <= (c + 1) * (width + 1);
            return isTouched && c >= 0 && c < perLine && r >= 0 && isWithin(r * perLine + c);
          }));
          const expected = isInTile && isWithin(tile) ? value(tile, inY * width + inX) : touches ? line : clear;
          if (grid.places[y * grid.width + x] !== expected) throw new Error(`pixel ${x}, ${y} is ${grid.places[y * grid.width + x]} instead of ${expected}`);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a grid is about as wide as high, and never wider than its pictures', () => {
  expect(tilesPerLine(64, [28, 28])).toBe(8);
  expect(tilesPerLine(1, [1000, 1])).toBe(1);
  expect(tilesPerLine(300, [1, 784])).toBe(1);
  expect(tilesPerLine(5, [784, 1])).toBe(5);
});

test('images joined keep their pixels, and the page shows between them', () => {
  const one: Pixels = { width: 2, height: 3, places: Uint8Array.of(10, 11, 12, 13, 14, 15) };
  const other: Pixels = { width: 1, height: 1, places: Uint8Array.of(20) };
  const beside = joinImages([one, other], 'beside');
  expect([beside.width, beside.height]).toEqual([4, 3]);
  expect([...beside.places]).toEqual([10, 11, 0, 20, 12, 13, 0, 0, 14, 15, 0, 0]);
  const below = joinImages([one, other], 'below');
  expect([below.width, below.height]).toEqual([2, 5]);
  expect([...below.places]).toEqual([10, 11, 12, 13, 14, 15, 0, 0, 20, 0]);
  // Larger images stand further apart.
  const large: Pixels = { width: 233, height: 1, places: new Uint8Array(233).fill(9) };
  expect(joinImages([large, large, large], 'beside').width).toBe(3 * 233 + 2 * 4);
});

test('grey goes from black to white, whatever the range; unknown values are not values', () => {
  const { least, largest } = valuePlaces;
  expect([-3, -1, 5].map(greyPlace(-1, 3))).toEqual([least, least, largest]);
  expect(greyPlace(-1, 3)(1)).toBe((least + largest) / 2);
  expect(greyPlace(-1.7e308, 1.7e308)(0)).toBe((least + largest) / 2);
  expect(greyPlace(2, 2)(2)).toBe((least + largest) / 2);
  expect([greyPlace(0, 1)(NaN), signedPlace(1)(NaN)]).toEqual([line, line]);
  const { at } = coloursOf(imageOf({ width: 4, height: 1, places: Uint8Array.of(clear, line, least, largest) }, 'grey').bytes);
  expect(at(0, 0)[3]).toBe(0);
  expect([at(1, 0), at(2, 0), at(3, 0)]).toEqual([[128, 128, 128, 255], [0, 0, 0, 255], [255, 255, 255, 255]]);
});

/** Relative luminance of sRGB, as WCAG 2 has it. */
function luminance(colour: readonly number[]): number {
  const [red, green, blue] = colour.map(linear);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function linear(value: number): number {
  return value <= 0.04045 * 255 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
}

/** How people without one kind of cones see linear RGB: Machado, Oliveira & Fernandes (2009), severity 1. */
const dichromats = {
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
} as const;

const positions = Array.from({ length: 201 }, (_, index) => (index - 100) / 100);

/** Colours of signed values −1 … 1, in steps of 0.01. */
function signedColours(): number[][] {
  const places = Uint8Array.from(positions, signedPlace(1));
  const { at } = coloursOf(imageOf({ width: places.length, height: 1, places }, 'signed').bytes);
  return positions.map((_, x) => at(x, 0).slice(0, 3));
}

test('signed values: 0 is without colour, both sides darken alike, and what lies outside has the last colour', () => {
  const colours = signedColours();
  expect(new Set(colours[100]).size).toBe(1);
  const place = signedPlace(0.5);
  expect([place(-9), place(9), place(0), place(-0)]).toEqual([valuePlaces.least, valuePlaces.largest, valuePlaces.middle, valuePlaces.middle]);
  for (const value of [0.01, 0.1, 0.123, 0.4]) expect(place(value) - valuePlaces.middle).toBe(valuePlaces.middle - place(-value));
  expect(signedPlace(0)(0)).toBe(valuePlaces.middle);
  for (let step = 1; step <= 100; step++) {
    const [negative, positive] = [luminance(colours[100 - step]), luminance(colours[100 + step])];
    expect(negative).toBeLessThanOrEqual(luminance(colours[101 - step]));
    expect(positive).toBeLessThanOrEqual(luminance(colours[99 + step]));
    expect(abs(negative - positive)).toBeLessThan(0.1);
  }
});

test.each(Object.entries(dichromats))('signs are told apart with %s', (_, matrix) => {
  const colours = signedColours().map((colour) => matrix.map((row) => row.reduce((sum, factor, channel) => sum + factor * linear(colour[channel]), 0)));
  for (let step = 25; step <= 100; step++) {
    const [negative, positive] = [colours[100 - step], colours[100 + step]];
    const sizes = [negative, positive].map((colour) => Math.hypot(...colour));
    const directions = [negative, positive].map((colour, index) => colour.map((value) => value / sizes[index]));
    const cosine = directions[0].reduce((sum, value, channel) => sum + value * directions[1][channel], 0);
    expect(cosine).toBeLessThan(0.97);
  }
});

test('the same pixels give the same bytes, and a small file', () => {
  const places = Uint8Array.from({ length: 292 * 292 }, (_, index) => (index % 29 === 0 ? line : valuePlaces.least));
  const one = imageOf({ width: 292, height: 292, places }, 'grey');
  expect(Buffer.compare(one.bytes, imageOf({ width: 292, height: 292, places }, 'grey').bytes)).toBe(0);
  expect(one.bytes.length).toBeLessThan(3000);
  expect([one.width, one.height, one.scale]).toEqual([292, 292, 2]);
});
