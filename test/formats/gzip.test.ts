import { gzipSync } from 'node:zlib';

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { gunzip, inflationLimit, looksLikeGzip } from '../../src/formats/gzip.js';
import { codeOf, readableTruncations, unnoticedChanges } from './damage.js';

test('what gzip packs comes back, also from several members', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (first, second) => {
      const packed = Buffer.concat([gzipSync(first), gzipSync(second)]);
      expect(looksLikeGzip(packed)).toBe(true);
      expect(Buffer.concat([first, second]).equals(gunzip(packed, 'x'))).toBe(true);
    }),
  );
});

describe('bad files', () => {
  const text = '0 1 0 1 1 1 0 0\n'.repeat(5);
  const packed = new Uint8Array(gzipSync(Buffer.from(text)));

  test('cut short', () => {
    expect(readableTruncations(packed, (cut) => gunzip(cut, 'x'))).toEqual([]);
    expect(() => gunzip(packed.subarray(0, -3), 'a.gz')).toThrow(/a\.gz: the gzip data is cut short/);
  });

  test('with any byte changed it is refused, or the content is still the same', () => {
    const contents = new Set<string>();
    unnoticedChanges(packed, (damaged) => contents.add(Buffer.from(gunzip(damaged, 'x')).toString()));
    expect([...contents]).toEqual([text]);
  });

  test('a bomb is stopped at the limit', () => {
    const bomb = gzipSync(Buffer.alloc(1 << 22));
    expect(() => gunzip(bomb, 'bomb.gz', 1 << 20)).toThrow(/bomb\.gz: grows to more than 1048576 bytes/);
    expect(codeOf(() => gunzip(bomb, 'bomb.gz', 1 << 20))).toBe('data');
  });

  test('the limit grows with the file, between 256 MiB and 4 GiB', () => {
    expect(inflationLimit(10)).toBe(2 ** 28);
    expect(inflationLimit(2_000_000)).toBe(400_000_000);
    expect(inflationLimit(2 ** 31)).toBeLessThan(2 ** 32);
  });
});
