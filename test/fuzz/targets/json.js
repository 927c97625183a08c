/** JSON texts that lie: leaves of other kinds, entries left out or twice, numbers beyond float64, depth. */

import { hostileTexts } from '../draw.js';

const leaves = [
  'null', 'true', 'false', '-1', '0', '-0', '0.5', '1e308', '1e999', '-1e999', '5e-324', '4294967296', '9007199254740991', '9007199254740993', '1152921504606846976',
  '""', '"1"', '[]', '{}', '[[]]', '{"__proto__":1}', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, ...hostileTexts.map((text) => JSON.stringify(text)),
];

/** The text of a JSON value, lies and all. @param {import('../draw.js').Draw} draw @param {unknown} value @returns {string} */
export function jsonText(draw, value) {
  if (Array.isArray(value)) return draw.lie(`[${draw.list(value).map((item) => jsonText(draw, item))}]`, leaves);
  if (typeof value !== 'object' || value === null) return draw.lie(JSON.stringify(value), leaves);
  const entries = draw.list(Object.entries(value).filter(([, item]) => item !== undefined));
  return draw.lie(`{${entries.map(([key, item]) => `${JSON.stringify(draw.lie(key))}:${jsonText(draw, item)}`)}}`, leaves);
}
