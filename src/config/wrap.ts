/**
 * Breaking text into lines, for help and for comments.
 */

/** Lines of at most `width` characters where words allow it; `prefix` opens each line (`next` those after the first) and counts. */
export function wrap(text: string, width: number, prefix: string, next = prefix): string[] {
  const lines: string[] = [];
  let opening = prefix;
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && opening.length + line.length + 1 + word.length > width) {
      lines.push(opening + line);
      opening = next;
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, opening + line];
}
