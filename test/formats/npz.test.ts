import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';

import { afterAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { writeNpy } from '../../src/formats/npy.js';
import { openNpz, readNpz } from '../../src/formats/npz.js';
import { writeNpz } from '../../src/formats/npz-writer.js';
import { crc32, listZip } from '../../src/formats/zip.js';
import { codeOf, readableTruncations, sameBits, unnoticedChanges } from './damage.js';
import { describeWithNumpy, runPython } from './numpy.js';

interface HandEntry {
  name: string;
  method: number;
  data: Uint8Array;
  size: number;
  checksum: number;
  flags?: number;
  /** Where the directory says that it lies; where it does, if left out. */
  offset?: number;
}

/** An archive put together by hand from the zip specification. */
function archive(entries: readonly HandEntry[], claim: { count?: number; directory?: number } = {}): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, method, data, size, checksum, flags = 0, offset: claimedOffset } of entries) {
    const label = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(checksum, 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(label.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, label, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(claimedOffset ?? offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, tail, label]));
    parts.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(claim.count ?? entries.length, 8);
  end.writeUInt16LE(claim.count ?? entries.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(claim.directory ?? offset, 16);
  return new Uint8Array(Buffer.concat([...parts, listing, end]));
}

const numbers = writeNpy(Float64Array.of(1, 2, 3, 4), [2, 2]);
const stored: HandEntry = { name: 'W.npy', method: 0, data: numbers, size: numbers.length, checksum: crc32(numbers) };
const deflated: HandEntry = { ...stored, name: 'V.npy', method: 8, data: zlib.deflateRawSync(numbers) };

const folder = mkdtempSync(join(tmpdir(), 'rbm-npz-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('reading', () => {
  test('stored and deflated entries, in order, others left out', () => {
    const note: HandEntry = { ...stored, name: 'note.txt' };
    const opened = openNpz(archive([stored, note, deflated]), 'x.npz');
    expect(opened.names).toEqual(['W', 'V']);
    for (const name of opened.names) {
      expect(opened.read(name).shape).toEqual([2, 2]);
      expect([...opened.read(name).values]).toEqual([1, 2, 3, 4]);
    }
  });

  test('crc32 of the standard check string', () => {
    expect(crc32(new Uint8Array(Buffer.from('123456789')))).toBe(0xcbf43926);
  });

  describeWithNumpy('numpy', () => {
    test('savez and savez_compressed', () => {
      const script = `
import numpy as np
a, b = np.arange(1000.).reshape(40, 25), (np.arange(99) % 7 == 0)
np.savez('stored.npz', a=a, b=b); np.savez_compressed('packed.npz', a=a, b=b)`;
      runPython(script, folder);
      for (const name of ['stored.npz', 'packed.npz']) {
        const arrays = readNpz(readFileSync(join(folder, name)), name);
        expect([...arrays.keys()]).toEqual(['a', 'b']);
        expect(sameBits(arrays.get('a')?.values ?? new Uint8Array(), Float64Array.from({ length: 1000 }, (_, i) => i))).toBe(true);
        expect(sameBits(arrays.get('b')?.values ?? new Float64Array(), Uint8Array.from({ length: 99 }, (_, i) => Number(i % 7 === 0)))).toBe(true);
      }
    });
  });

  test('an array that is not there: the error lists those that are', () => {
    let hint: string | undefined;
    try {
      openNpz(archive([stored, deflated]), 'x.npz').read('nothing');
    } catch (error) {
      hint = (error as { hint: string }).hint;
    }
    expect(hint).toBe('Its arrays are: W, V.');
  });
});

describe('writing', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[A-Za-z_][\w/. -]{0,20}$/), { minLength: 1, maxLength: 4 });

  test('round trip', () => {
    fc.assert(
      fc.property(names, fc.array(fc.double({ noNaN: true }), { maxLength: 9 }), (keys, list) => {
        const values = Float64Array.from(list);
        const read = readNpz(writeNpz(new Map(keys.map((key) => [key, { values, shape: [list.length] }]))), 'x');
        expect([...read.keys()]).toEqual(keys);
        for (const array of read.values()) expect(sameBits(array.values, values)).toBe(true);
      }),
    );
  });

  test('the date in it is 1980-01-01 00:00, whatever the time zone', () => {
    const bytes = writeNpz(new Map([['W', { values: Float64Array.of(1), shape: [1] }]]));
    // Local header: time at byte 10, date at byte 12 (day 1, month 1, year 0 since 1980).
    expect([...bytes.subarray(10, 14)]).toEqual([0, 0, 0x21, 0]);
  });

  describeWithNumpy('numpy', () => {
    test('numpy reads it', () => {
      writeFileSync(
        join(folder, 'ours.npz'),
        writeNpz(new Map([['W', { values: Float64Array.of(1, 2), shape: [1, 2] }], ['b', { values: Uint8Array.of(3), shape: [1] }]])),
      );
      const script = `
import numpy as np, zipfile
print(zipfile.ZipFile('ours.npz').testzip(), [(k, v.tolist()) for k, v in np.load('ours.npz').items()])`;
      expect(runPython(script, folder)).toBe("None [('W', [[1.0, 2.0]]), ('b', [3])]\n");
    });
  });
});

describe('bad archives', () => {
  const zeros = zlib.deflateRawSync(Buffer.alloc(1 << 20));
  test.each([
    ['a checksum that does not match', archive([{ ...stored, checksum: 1 }]), /checksum/],
    ['encrypted', archive([{ ...stored, flags: 1 }]), /encrypted/],
    ['an unknown method', archive([{ ...stored, method: 14 }]), /method 14/],
    ['a name twice', archive([stored, stored]), /twice/],
    ['no array at all', archive([{ ...stored, name: 'a.txt' }]), /without any .npy/],
    ['a size of 4 GiB', archive([{ ...deflated, size: 0xffff0000 }]), /more than is unpacked/],
    ['more data than it says', archive([{ ...deflated, data: zeros, size: 100 }]), /damaged/],
    ['fewer data than it says', archive([{ ...deflated, size: numbers.length + 1 }]), /bytes where/],
    ['a stored size beyond the file', archive([{ ...stored, size: 1 << 30 }]), /bytes where/],
    ['an entry within another', archive([stored, { ...stored, name: 'X.npy', offset: 0 }]), /entry 'X.npy' lies within entry 'W.npy'/],
    ['an entry that reaches into the directory', archive([stored, { ...stored, name: 'X.npy', offset: 240 }]), /entry 'X.npy' reaches into the zip directory/],
    ['more entries than there are', archive([stored], { count: 500 }), /entry 2 of 500/],
    ['a directory elsewhere', archive([stored], { directory: 3 }), /entry 1 of 1/],
    ['zip64', archive([stored], { directory: 0xffffffff }), /zip64/],
    ['not an archive', new Uint8Array(100), /no zip directory/],
    ['nothing', new Uint8Array(0), /no zip directory/],
  ])('%s', (_, bytes, message) => {
    expect(() => readNpz(bytes, 'bad.npz')).toThrow(message);
    expect(codeOf(() => readNpz(bytes, 'bad.npz'))).toBe('data');
  });

  test('all arrays of an archive unpack within one limit, also those that turn out to be damaged', () => {
    const archived = openNpz(archive([{ ...deflated, name: 'a.npy', size: 200 << 20 }, { ...deflated, name: 'b.npy', size: 100 << 20 }, stored]), 'x.npz');
    expect(() => archived.read('a')).toThrow(/can't grow from \d+ to 209715200 bytes/);
    expect(() => archived.read('b')).toThrow(/grows from \d+ to 104857600 bytes, more than is unpacked of it \(58720256\)/);
    expect(archived.read('W').shape).toEqual([2, 2]);
  });

  test('a path in a name is only a name', () => {
    expect(listZip(archive([{ ...stored, name: '../../etc/x.npy' }]), 'x').map(({ name }) => name)).toEqual(['../../etc/x.npy']);
  });

  test('cut short anywhere it is refused; no changed byte of the arrays goes unnoticed', () => {
    const bytes = archive([stored, deflated]);
    expect(readableTruncations(bytes, (cut) => readNpz(cut, 'x'))).toEqual([]);
    const unnoticed = unnoticedChanges(bytes, (damaged) => readNpz(damaged, 'x'));
    const dataStart = 30 + 'W.npy'.length;
    const isArrayByte = (position: number) => position >= dataStart && position < dataStart + numbers.length;
    expect(unnoticed.filter(isArrayByte)).toEqual([]);
  });

  test('crc32 agrees with zlib, where Node has it', () => {
    const oracle = typeof zlib.crc32 === 'function' ? zlib.crc32 : crc32;
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => expect(crc32(bytes)).toBe(oracle(bytes))));
  });
});
