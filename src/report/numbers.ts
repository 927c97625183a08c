/**
 * Numbers as people read them on a page: as many digits as matter, and a minus sign that is one.
 */

/** The typographic minus sign instead of the hyphen. */
function withMinus(text: string): string {
  return text.replace('-', '−');
}

/** A number of nats, with as many digits as its error lets matter. */
export function nats(value: number): string {
  if (!(value > -1e9 && value < 1e9)) return figure(value);
  return withMinus(value.toFixed(value > -10 && value < 10 ? 4 : 3));
}

/** Integers in groups of three digits, joined by narrow spaces that no line breaks at. */
export function count(value: number): string {
  return withMinus(String(value).replace(/\B(?=(?:\d{3})+$)/g, '\u202f'));
}

/** Any figure: integers whole, others to that many significant digits, very small and very large ones as m·10^e. */
export function figure(value: number, digits = 4): string {
  if (Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return count(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
    return withMinus(`${Number(mantissa)}·10${superscript(exponent)}`);
  }
  return withMinus(String(Number(value.toPrecision(digits))));
}

/** A short number for the tick of an axis. */
export function tick(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    const [mantissa, exponent] = value.toExponential(2).split('e');
    const shown = Number(mantissa);
    const power = `10${superscript(exponent)}`;
    return withMinus(shown === 1 ? power : shown === -1 ? `-${power}` : `${shown}·${power}`);
  }
  const rounded = Number(value.toPrecision(6));
  return Number.isInteger(rounded) ? (size < 10_000 ? withMinus(String(rounded)) : count(rounded)) : withMinus(String(rounded));
}

const superscripts: Readonly<Record<string, string>> = {
  '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹',
};

/** An exponent, as toExponential has it, in raised digits. */
function superscript(exponent: string): string {
  return [...String(Number(exponent))].map((character) => superscripts[character]).join('');
}

/** An interval. */
export function interval([low, high]: readonly [number, number], show: (value: number) => string = nats): string {
  return `${show(low)} … ${show(high)}`;
}

/** A share as a percentage. */
export function percent(share: number, digits = 3): string {
  return `${figure(100 * share, digits)} %`;
}

/** Something countable: `1 update`, `2 updates`. */
export function counted(value: number, thing: string): string {
  return `${count(value)} ${thing}${value === 1 ? '' : 's'}`;
}
