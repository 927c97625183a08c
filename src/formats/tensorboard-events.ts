/**
 * Writing the event files of TensorBoard: numbers and pictures over steps.
 *
 * A file is a sequence of TFRecords, each one protobuf message `Event` (tensorflow/core/util/event.proto, summary.proto; the
 * few fields that are needed are encoded here by hand):
 *
 *     length of the message   8 bytes, little-endian
 *     masked CRC-32C of it    4 bytes: ((crc >>> 15) | (crc << 17)) + 0xa282ead8
 *     the message
 *     masked CRC-32C of it    4 bytes
 *
 * The first message says the version of the format. The same events give the same bytes.
 */

/** A number at a step; TensorBoard keeps float32. */
export interface ScalarSummary {
  /** Parts joined by `/`: TensorBoard groups by the first. */
  readonly tag: string;
  readonly value: number;
}

/** A picture at a step. */
export interface ImageSummary {
  readonly tag: string;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** The picture's PNG file. */
  readonly png: Uint8Array;
}

/** What is known at a step. */
export interface SummaryEvent {
  /** From 0; a safe integer. */
  readonly step: number;
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly summaries: readonly (ScalarSummary | ImageSummary)[];
}

/** CRC-32C (Castagnoli): reversed polynomial. */
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
  return remainder;
});

/** CRC-32C (RFC 3720, appendix B.4) as an unsigned number. */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = table[(remainder ^ byte) & 0xff] ^ (remainder >>> 8);
  return (remainder ^ 0xffffffff) >>> 0;
}

/** The checksum as records store it: a checksum of data that hold checksums would otherwise be weak. */
function maskedChecksum(bytes: Uint8Array): number {
  const checksum = crc32c(bytes);
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}

/** One TFRecord. */
function record(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(message.length + 16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedChecksum(bytes.subarray(0, 8)), true);
  bytes.set(message, 12);
  view.setUint32(12 + message.length, maskedChecksum(message), true);
  return bytes;
}

/** Kinds of protobuf fields. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A non-negative integer, seven bits to a byte, the lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const piece of pieces) {
    bytes.set(piece, place);
    place += piece.length;
  }
  return bytes;
}

function tagOf(field: number, kind: number): number[] {
  return varint(field * 8 + kind);
}

function integerField(field: number, value: number): Uint8Array {
  return Uint8Array.from([...tagOf(field, wire.varint), ...varint(value)]);
}

function bytesField(field: number, content: Uint8Array): Uint8Array {
  return joined([Uint8Array.from([...tagOf(field, wire.bytes), ...varint(content.length)]), content]);
}

function textField(field: number, text: string): Uint8Array {
  return bytesField(field, new TextEncoder().encode(text));
}

function numberField(field: number, value: number, kind: 'float' | 'double'): Uint8Array {
  const bytes = new Uint8Array(kind === 'float' ? 4 : 8);
  const view = new DataView(bytes.buffer);
  if (kind === 'float') view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return joined([Uint8Array.from(tagOf(field, kind === 'float' ? wire.fixed32 : wire.fixed64)), bytes]);
}

/** Grey or colours: TensorBoard shows what the PNG says, but asks for a number of channels. */
const channels = 3;

/** `Summary.Value`: tag 1, simple_value 2, image 4 (height 1, width 2, colorspace 3, encoded_image_string 4). */
function summaryValue(summary: ScalarSummary | ImageSummary): Uint8Array {
  const tag = textField(1, summary.tag);
  if ('value' in summary) return joined([tag, numberField(2, summary.value, 'float')]);
  const { height, width, png } = summary;
  return joined([tag, bytesField(4, joined([integerField(1, height), integerField(2, width), integerField(3, channels), bytesField(4, png)]))]);
}

/** `Event`: wall_time 1, step 2, file_version 3, summary 5 (value 1). */
function eventMessage({ step, wallTime, summaries }: SummaryEvent): Uint8Array {
  const summary = joined(summaries.map((value) => bytesField(1, summaryValue(value))));
  return joined([numberField(1, wallTime, 'double'), integerField(2, step), bytesField(5, summary)]);
}

/**
 * The bytes of an event file.
 *
 * @param events ascending in steps; those without summaries are left out
 */
export function writeTensorboardEvents(events: readonly SummaryEvent[]): Uint8Array {
  const first = joined([numberField(1, events[0]?.wallTime ?? 0, 'double'), textField(3, 'brain.Event:2')]);
  const messages = events.filter(({ summaries }) => summaries.length > 0).map(eventMessage);
  return joined([first, ...messages].map(record));
}
