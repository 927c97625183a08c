import { inflateSync } from 'node:zlib';

import { expect, test } from '@jest/globals';
import { decode } from 'fast-png';
import * as fc from 'fast-check';

import { enlargePng, writePalettePng, writePng, writeRgbPng } from '../../src/formats/png.js';
import { crc32 } from '../../src/formats/zip.js';

/** The chunks of a PNG by the specification: length, type, data, CRC of type and data. */
function chunksOf(png: Uint8Array): { type: string; data: Buffer }[] {
  const bytes = Buffer.from(png);
  expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const chunks: { type: string; data: Buffer }[] = [];
  for (let offset = 8; offset < bytes.length; ) {
    const length = bytes.readUInt32BE(offset);
    expect(bytes.readUInt32BE(offset + 8 + length)).toBe(crc32(bytes.subarray(offset + 4, offset + 8 + length)));
    chunks.push({ type: bytes.toString('latin1', offset + 4, offset + 8), data: bytes.subarray(offset + 8, offset + 8 + length) });
    offset += 12 + length;
  }
  return chunks;
}

/** The pixels of 8-bit grey scan lines with the filters none, sub and up. */
function unfilter(scanLines: Buffer, width: number, height: number): number[] {
  const pixels: number[] = [];
  for (let y = 0; y < height; y++) {
    const filter = scanLines[y * (width + 1)];
    expect([0, 1, 2]).toContain(filter);
    for (let x = 0; x < width; x++) {
      const value = scanLines[y * (width + 1) + 1 + x];
      const left = x === 0 ? 0 : pixels[y * width + x - 1];
      const above = y === 0 ? 0 : pixels[(y - 1) * width + x];
      pixels.push((value + [0, left, above][filter]) & 255);
    }
  }
  return pixels;
}

test('a grey picture is what an independent reading of the file gives, and always the same bytes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.infiniteStream(fc.nat(255)), (width, height, stream) => {
      const grey = Uint8Array.from(stream.take(width * height));
      const png = writePng({ width, height, grey });
      const chunks = chunksOf(png);
      const header = chunks[0].data;
      expect([header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]]).toEqual([width, height, 8, 0]);
      const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
      expect(unfilter(inflateSync(packed), width, height)).toEqual([...grey]);
      expect(Buffer.compare(writePng({ width, height, grey }), png)).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test('the number of pixels must fit', () => {
  expect(() => writePng({ width: 2, height: 2, grey: new Uint8Array(3) })).toThrow(/2 × 2 pixels are not 3/);
});

const palette = [[255, 255, 255, 0], [1, 2, 3, 255], [40, 50, 60, 255]] as const;

test('a picture of a palette has its places, its colours and what is not seen', () => {
  const places = Uint8Array.of(0, 1, 2, 2, 1, 0);
  const png = writePalettePng({ width: 3, height: 2, places, palette });
  const chunks = chunksOf(png);
  const header = chunks[0].data;
  expect([header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]]).toEqual([3, 2, 8, 3]);
  expect([...(chunks.find(({ type }) => type === 'PLTE')?.data ?? [])]).toEqual([255, 255, 255, 1, 2, 3, 40, 50, 60]);
  // Opacities of the first colours; the others are whole.
  expect([...(chunks.find(({ type }) => type === 'tRNS')?.data ?? [])]).toEqual([0]);
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  expect(unfilter(inflateSync(packed), 3, 2)).toEqual([...places]);
  expect(() => writePalettePng({ width: 1, height: 1, places: Uint8Array.of(3), palette })).toThrow(/palette of 3 colours/);
  expect(() => writePalettePng({ width: 2, height: 1, places: Uint8Array.of(0), palette })).toThrow(/are not 1/);
});

test('a picture of any colours has them', () => {
  const rgb = Uint8Array.from({ length: 18 }, (_, index) => 13 * index);
  const png = writeRgbPng({ width: 2, height: 3, rgb });
  expect(chunksOf(png)[0].data[9]).toBe(2);
  const { data, channels } = decode(png);
  expect([channels, ...data]).toEqual([3, ...rgb]);
  expect(() => writeRgbPng({ width: 2, height: 2, rgb })).toThrow(/are not 6/);
});

test.each([
  ['a palette', writePalettePng({ width: 2, height: 2, places: Uint8Array.of(0, 1, 2, 1), palette }), [0, 1, 2, 1]],
  ['grey', writePng({ width: 2, height: 2, grey: Uint8Array.of(7, 8, 9, 10) }), [7, 8, 9, 10]],
])('enlarged pictures have every pixel as a square: %s', (_, png, [a, b, c, d]) => {
  const enlarged = decode(enlargePng(png, 3));
  expect([enlarged.width, enlarged.height]).toEqual([6, 6]);
  expect([...enlarged.data]).toEqual([...Array.from({ length: 3 }, () => [a, a, a, b, b, b]), ...Array.from({ length: 3 }, () => [c, c, c, d, d, d])].flat());
  expect(enlarged.palette).toEqual(decode(png).palette);
  expect(decode(enlargePng(png, 1)).data).toEqual(decode(png).data);
});
