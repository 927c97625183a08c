/**
 * Event files read back by protobufjs, with the messages of TensorFlow (tensorflow/core/util/event.proto and
 * tensorflow/core/framework/summary.proto) as far as they are used, and by a reader of records that checks both checksums.
 */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { crc32c, writeTensorboardEvents, type SummaryEvent } from '../../src/formats/tensorboard-events.js';
import { decodeEvents } from './tensorboard.js';

const { fround } = Math;

describe('CRC-32C', () => {
  test.each([
    ['32 bytes 0', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes 255', new Uint8Array(32).fill(255), 0x62a8ab43],
    ['0 … 31', Uint8Array.from({ length: 32 }, (_, byte) => byte), 0x46dd794e],
    ['31 … 0', Uint8Array.from({ length: 32 }, (_, byte) => 31 - byte), 0x113fdb5c],
    ['the nine digits', new TextEncoder().encode('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('%s, as RFC 3720 and the catalogue of checksums have it', (_name, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});

describe('event files', () => {
  test('begin with the version, as TensorFlow writes it', () => {
    // A record of 24 bytes: 0x09 + double 0, 0x1a 0x0d + text.
    const bytes = Buffer.from(writeTensorboardEvents([]));
    expect(bytes.length).toBe(8 + 4 + 24 + 4);
    expect(bytes.readBigUInt64LE()).toBe(24n);
    expect(bytes.subarray(12, 36).toString('latin1')).toBe('\x09\0\0\0\0\0\0\0\0\x1a\x0dbrain.Event:2');
    expect(decodeEvents(bytes)).toEqual([{ wallTime: 0, step: '0', fileVersion: 'brain.Event:2' }]);
  });

  test('hold what was written: any steps, tags, numbers and pictures', () => {
    const summary = fc.oneof(
      fc.record({ tag: fc.string({ unit: 'grapheme', maxLength: 300 }), value: fc.double() }),
      fc.record({
        tag: fc.string(),
        width: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        height: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        png: fc.uint8Array({ maxLength: 400 }),
      }),
    );
    const event = fc.record({ step: fc.maxSafeNat(), wallTime: fc.double(), summaries: fc.array(summary, { minLength: 1, maxLength: 5 }) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 4 }), (events: SummaryEvent[]) => {
        const [version, ...others] = decodeEvents(writeTensorboardEvents(events));
        expect(version.fileVersion).toBe('brain.Event:2');
        expect(others).toEqual(
          events.map(({ step, wallTime, summaries }) => ({
            wallTime,
            step: String(step),
            summary: {
              value: summaries.map((one) =>
                'value' in one
                  ? { tag: one.tag, simpleValue: fround(one.value) }
                  : { tag: one.tag, image: { height: one.height, width: one.width, colorspace: 3, encodedImageString: Buffer.from(one.png).toString('base64') } },
              ),
            },
          })),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('have no events without figures', () => {
    expect(decodeEvents(writeTensorboardEvents([{ step: 3, wallTime: 3, summaries: [] }])).length).toBe(1);
  });
});

test('the reader notices what is damaged', () => {
  const bytes = writeTensorboardEvents([{ step: 1, wallTime: 1, summaries: [{ tag: 'a', value: 1 }] }]);
  for (const place of [0, 9, 20, bytes.length - 1]) {
    const damaged = bytes.slice();
    damaged[place] ^= 1;
    expect(() => decodeEvents(damaged)).toThrow(/checksum|out of range|outside/);
  }
});
