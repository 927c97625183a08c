/**
 * Where a piece of config came from, so that every message can say it: a place in a file, or a `--set` argument.
 *
 * Lines and columns are 1-based; columns count UTF-16 units, as editors do. This file neither reads files nor parses.
 */

import { printable } from '../errors.js';

/** A text that config values are read from. */
export interface Source {
  /** A `file` has lines to point at; `override` is one `--set` argument or a bare name; `default` is the schema table. */
  readonly kind: 'file' | 'override' | 'default';
  /** How messages name it: the file as the user gave it, or the whole `--set key=value`. */
  readonly name: string;
  readonly text: string;
  /** Absolute folder that relative paths in it are resolved against. */
  readonly folder: string;
  /** 0: the config itself; 1 and on: what is put over it, in order; Infinity: defaults. Problems are reported in this order. */
  readonly order: number;
}

/** The half-open range [start, end) of UTF-16 offsets in a source's text. */
export interface Place {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** A place that has only a name, for a value that stands in no text; it is printed as that name: `manifest.json: task 3`. */
export function namedPlace(name: string): Place {
  return { source: { kind: 'override', name, text: '', folder: '', order: 1 }, start: 0, end: 0 };
}

/** Whether a value stands in the config itself: it is neither put over it nor a default. */
export function isOwn({ source }: Place): boolean {
  return source.order === 0;
}

/** Whether a value was put over the config, with `--set` or as a given value. */
export function isOverride({ source }: Place): boolean {
  return source.order > 0 && source.order < Infinity;
}

/** A 1-based line and column. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const lineBreak = /\r\n|\n|\r/g;

/** The line and column of an offset in a text; \n, \r\n and \r end a line. */
export function positionAt(text: string, offset: number): Position {
  let line = 1;
  let lineStart = 0;
  for (const match of text.matchAll(lineBreak)) {
    const next = match.index + match[0].length;
    if (next > offset) break;
    line++;
    lineStart = next;
  }
  return { line, column: offset - lineStart + 1 };
}

/** A place in words: `file:line:column`, `--set key=value`, or the bare name where the place is a default. */
export function describePlace(place: Place): string {
  const { source } = place;
  const name = printable(source.name);
  if (source.kind !== 'file') return name;
  const { line, column } = positionAt(source.text, place.start);
  return `${name}:${line}:${column}`;
}

/** For sorting: by source, the file first, then by position. */
export function comparePlaces(first: Place, second: Place): number {
  return first.source.order - second.source.order || first.start - second.start;
}
