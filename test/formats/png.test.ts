import { inflateSync } from 'node:zlib';

import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { writePng } from '../../src/formats/png.js';
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
