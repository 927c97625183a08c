/** Decimals of data files and of configs; JavaScript's own `Number` says what they are. */

import { readDecimal } from '../../../dist/config/decimal.js';
import { parseDecimal } from '../../../dist/formats/decimal.js';

const pieces = ['0', '1', '9', '00', '12345678901234567890', '.', 'e', 'E', '+', '-', 'e308', 'e309', 'e-324', 'e-400', '_', ' ', 'x', '\u0661', 'nan', 'inf', '5', 'e1'];

/** What a text of the characters of decimals is, else undefined. */
function numberOf(text) {
  const value = /^[\d.eE+-]+$/.test(text) ? Number(text) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** @type {import('./index.js').Target} */
export const decimal = {
  name: 'decimal',
  generate(draw) {
    const valid = String((draw.integer(-1e6, 1e6) / 1000) * 10 ** draw.integer(-20, 20));
    const isLie = draw.lie('', ['lie']) === 'lie';
    const text = isLie || draw.chance(0.5) ? Array.from({ length: draw.integer(1, 6) }, () => draw.pick(pieces)).join('') : valid;
    return { bytes: Buffer.from(text) };
  },
  run: (bytes) => ({ data: parseDecimal(bytes.toString('utf8')), config: readDecimal(bytes.toString('utf8'), 'it') }),
  check({ data, config }, bytes) {
    const text = bytes.toString('utf8');
    const wanted = numberOf(text);
    if (!Object.is(data, wanted)) return `a data file reads ${data} instead of ${wanted}`;
    const isTiny = wanted === 0 && /[1-9]/.test(text.split(/e/i)[0]);
    const isRefused = wanted === undefined || isTiny || /^[+-]?0\d/.test(text);
    if (isRefused !== 'reason' in config) return `a config ${isRefused ? 'takes' : 'refuses'} it: ${JSON.stringify(config)}`;
    return isRefused || Object.is(config.value, wanted + 0) ? undefined : `a config reads ${config.value} instead of ${wanted}`;
  },
};
