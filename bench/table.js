/**
 * Aligned text tables and the formats of the numbers in them.
 */

/** Three significant digits, without an exponent. */
export function formatNumber(value) {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0 || Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : Math.min(6, 1 - Math.floor(Math.log10(Math.abs(value))) + 1));
}

/** `median× (minimum–maximum)`. @param {import('./rounds.js').Statistics} statistics */
export function formatRatio({ median, minimum, maximum }) {
  return `${formatNumber(median)}× (${formatNumber(minimum)}–${formatNumber(maximum)})`;
}

/** `median (minimum–maximum)`, each times `scale`. */
export function formatRange({ median, minimum, maximum }, scale = 1) {
  return `${formatNumber(median * scale)} (${formatNumber(minimum * scale)}–${formatNumber(maximum * scale)})`;
}

/**
 * A table: first column to the left, the others to the right; missing cells are a dash.
 *
 * @param {string} title
 * @param {string[]} headings
 * @param {(string | undefined)[][]} rows
 */
export function formatTable(title, headings, rows) {
  const cells = [headings, ...rows].map((row) => headings.map((_, column) => row[column] ?? '–'));
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ').trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [title, '', line(cells[0]), rule, ...cells.slice(1).map(line), ''].join('\n');
}
