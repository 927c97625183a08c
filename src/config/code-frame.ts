/**
 * The line of source around a mistake with carets under it, ready to print on any terminal.
 *
 * Shows one line only, at most `width` characters of it, with control characters made visible.
 */

import { printable } from '../errors.js';
import { type Place, positionAt } from './source.js';

const width = 100;
/** How much of a long line is shown before the mistake. */
const lead = 60;

/** Tabs become spaces and control characters visible, so that carets stand where the eye looks for them. */
function shown(text: string): string {
  return printable(text.replaceAll('\t', ' '), Number.MAX_SAFE_INTEGER);
}

/** The code frame of a place in a file; `undefined` for a `--set` argument or a default, which have no lines. */
export function codeFrame(place: Place): string | undefined {
  const { source, start, end } = place;
  if (source.kind !== 'file') return undefined;
  const { line, column } = positionAt(source.text, start);
  const lineStart = start - (column - 1);
  const lineBreak = source.text.slice(lineStart).search(/[\r\n]/);
  const lineEnd = lineBreak === -1 ? source.text.length : lineStart + lineBreak;
  // Of a line that is too long, a window around the mistake.
  const from = Math.max(lineStart, Math.min(start - lead, lineEnd - width));
  const text = source.text.slice(from, Math.min(from + width, lineEnd));
  const before = shown(text.slice(0, start - from));
  const marked = shown(text.slice(start - from, Math.max(end, start) - from));
  const after = shown(text.slice(Math.max(end, start) - from));
  const gutter = `  ${line} | `;
  const gap = `${' '.repeat(gutter.length - 2)}| ${' '.repeat(before.length)}`;
  return `${gutter}${before}${marked}${after}\n${gap}${'^'.repeat(Math.max(marked.length, 1))}`;
}
