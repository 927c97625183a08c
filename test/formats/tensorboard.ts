/** A reader of TensorBoard's event files that shares nothing with the writer: protobufjs, and a checksum bit by bit. */

import protobuf from 'protobufjs';

/** The messages of TensorFlow, as far as they are used. */
const definitions = `
syntax = "proto3";
package tensorflow;

message Event {
  double wall_time = 1;
  int64 step = 2;
  oneof what {
    string file_version = 3;
    bytes graph_def = 4;
    Summary summary = 5;
  }
}

message Summary {
  message Image {
    int32 height = 1;
    int32 width = 2;
    int32 colorspace = 3;
    bytes encoded_image_string = 4;
  }
  message Value {
    string tag = 1;
    oneof value {
      float simple_value = 2;
      bytes obsolete_old_style_histogram = 3;
      Image image = 4;
    }
  }
  repeated Value value = 1;
}
`;

const Event = protobuf.parse(definitions).root.lookupType('tensorflow.Event');

/** CRC-32C by its definition: division by the polynomial, bit by bit. */
function checksum(bytes: Buffer): number {
  let remainder = ~0;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0);
  }
  return ~remainder >>> 0;
}

/** As records store it. */
function masked(bytes: Buffer): number {
  const crc = checksum(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** An event as JSON has it: 64-bit integers as text, bytes as base64. */
export interface DecodedEvent {
  readonly wallTime: number;
  readonly step: string;
  readonly fileVersion?: string;
  readonly summary?: {
    readonly value: readonly {
      readonly tag: string;
      readonly simpleValue?: number;
      readonly image?: { readonly height: number; readonly width: number; readonly colorspace: number; readonly encodedImageString: string };
    }[];
  };
}

/** All events of a file; throws where it is not one. */
export function decodeEvents(file: Uint8Array): DecodedEvent[] {
  const bytes = Buffer.from(file);
  const events: DecodedEvent[] = [];
  for (let place = 0; place < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(place));
    if (masked(bytes.subarray(place, place + 8)) !== bytes.readUInt32LE(place + 8)) throw new Error(`checksum of the length at ${place}`);
    const message = bytes.subarray(place + 12, place + 12 + length);
    if (masked(message) !== bytes.readUInt32LE(place + 12 + length)) throw new Error(`checksum of the message at ${place}`);
    events.push(Event.toObject(Event.decode(message), { longs: String, bytes: String, defaults: true }) as DecodedEvent);
    place += length + 16;
  }
  return events;
}
