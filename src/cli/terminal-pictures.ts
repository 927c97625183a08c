/**
 * Pictures made of characters: a series of numbers as a line of bars (a sparkline), an array of numbers as half blocks.
 *
 * A half block (▀) is two pixels, one above the other: the upper one is its colour, the lower one its background. Values are
 * signed, and shown on a scale that is the same to both sides of 0. Without colours, two pixels share a shade of their mean.
 * All functions are pure; lines never end in a line break, and have the width that is asked for whatever the values are.
 */

/** Colours that a terminal shows: none, the 256 that are numbered, or those of 24 bits. */
export type Colours = 'none' | '256' | 'all';

const bars = { unicode: '▁▂▃▄▅▆▇█', ascii: '_.:-=+*#' } as const;

/** From the most negative value to the most positive; what is in the middle is 0. */
const shades = { unicode: ' ░▒▓█', ascii: ' .:-=+*#@' } as const;

/** Takes off colours again. */
const plain = '\u001b[0m';

const { floor, min, max, abs, round, ceil } = Math;

/**
 * Means of at most `count` equal stretches of a series, in order: what does not fit into a line is averaged, not left out.
 *
 * @returns the values themselves where there are no more than `count`
 */
export function condense(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, index) => {
    const stretch = values.slice(floor((index * values.length) / count), floor(((index + 1) * values.length) / count));
    // Shares, so that the sum of the largest numbers does not overflow.
    return stretch.reduce((total, value) => total + value / stretch.length, 0);
  });
}

/**
 * A series as bars, the lowest for its least value and the highest for its largest; a constant series is of middle height.
 *
 * @param values in order; those that are not finite are left out
 * @param width characters at most; a shorter series has one to each value
 * @param from share of the series that does not set the scale: its values are cut to what follows. Training starts with
 * large steps, beside which all later ones would look the same
 */
export function sparkline(values: readonly number[], width: number, unicode: boolean, from = 0): string {
  const set = Array.from(bars[unicode ? 'unicode' : 'ascii']);
  const shown = condense(values.filter((value) => Number.isFinite(value)), max(0, floor(width)));
  const scale = shown.slice(floor(from * shown.length));
  const least = scale.reduce((a, b) => min(a, b), Infinity);
  const largest = scale.reduce((a, b) => max(a, b), -Infinity);
  // Halves, so that the range of the largest numbers does not overflow.
  const range = largest / 2 - least / 2;
  const levelOf = (value: number): number => floor(((value / 2 - least / 2) / range) * set.length);
  return shown.map((value) => set[range > 0 ? max(0, min(set.length - 1, levelOf(value))) : set.length >> 1]).join('');
}

/** An array of numbers as a picture: row by row, `height * width` of them. */
export interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly values: ArrayLike<number>;
}

/** The picture with `factor` × `factor` pixels averaged into one; at its lower and right edges fewer. */
export function shrink({ height, width, values }: Pixels, factor: number): Pixels {
  if (factor <= 1) return { height, width, values };
  const [rows, columns] = [ceil(height / factor), ceil(width / factor)];
  const shrunk = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let [total, count] = [0, 0];
      for (let y = row * factor; y < min(height, (row + 1) * factor); y++) {
        for (let x = column * factor; x < min(width, (column + 1) * factor); x++) {
          total += values[y * width + x];
          count++;
        }
      }
      shrunk[row * columns + column] = total / count;
    }
  }
  return { height: rows, width: columns, values: shrunk };
}

/** Negative, zero, positive: blue, nearly white, red; told apart by all who see colours differently. */
const stops = [[33, 102, 172], [247, 247, 247], [178, 24, 43]] as const;

type Colour = readonly [red: number, green: number, blue: number];

/** The colour of a share from −1 to 1. */
function colourOf(share: number): Colour {
  const towards = share < 0 ? stops[0] : stops[2];
  const mix = (channel: 0 | 1 | 2): number => round(stops[1][channel] + abs(share) * (towards[channel] - stops[1][channel]));
  return [mix(0), mix(1), mix(2)];
}

/** Levels of a channel in the colour cube 16 … 231 of terminals with 256 colours. */
const cubeLevels = [0, 95, 135, 175, 215, 255];

/** Number of the nearest of the 256 colours: of their cube, or of their grey ramp 232 … 255. */
export function nearestOf256([red, green, blue]: Colour): number {
  const distance = (other: Colour): number => (red - other[0]) * (red - other[0]) + (green - other[1]) * (green - other[1]) + (blue - other[2]) * (blue - other[2]);
  const nearestLevel = (value: number): number => cubeLevels.reduce((best, level, index) => (abs(level - value) < abs(cubeLevels[best] - value) ? index : best), 0);
  const cube = [red, green, blue].map(nearestLevel);
  const grey = max(0, min(23, round(((red + green + blue) / 3 - 8) / 10)));
  const greyLevel = 8 + 10 * grey;
  const isGreyNearer = distance([greyLevel, greyLevel, greyLevel]) < distance([cubeLevels[cube[0]], cubeLevels[cube[1]], cubeLevels[cube[2]]]);
  return isGreyNearer ? 232 + grey : 16 + 36 * cube[0] + 6 * cube[1] + cube[2];
}

/** How values become characters. */
export interface PictureStyle {
  readonly colours: Colours;
  readonly unicode: boolean;
  /** The absolute value that has full colour; larger ones have the same. */
  readonly scale: number;
}

/** A value's share of the scale, from −1 to 1. */
function shareOf(value: number, scale: number): number {
  return scale > 0 ? max(-1, min(1, value / scale)) : 0;
}

/**
 * A picture as lines of `width` characters, two rows of pixels to each. Colours need Unicode: without, there are shades.
 */
export function pictureLines({ height, width, values }: Pixels, { colours, unicode, scale }: PictureStyle): string[] {
  const lines: string[] = [];
  const code = (value: number, place: 38 | 48): string => {
    const colour = colourOf(shareOf(value, scale));
    return colours === 'all' ? `${place};2;${colour.join(';')}` : `${place};5;${nearestOf256(colour)}`;
  };
  const set = Array.from(shades[unicode ? 'unicode' : 'ascii']);
  for (let y = 0; y < height; y += 2) {
    const hasLower = y + 1 < height;
    let line = '';
    let last = '';
    for (let x = 0; x < width; x++) {
      const upper = values[y * width + x];
      const lower = hasLower ? values[(y + 1) * width + x] : undefined;
      if (colours === 'none' || !unicode) {
        const share = (shareOf(upper, scale) + shareOf(lower ?? upper, scale)) / 2;
        line += set[min(set.length - 1, floor(((share + 1) / 2) * set.length))];
        continue;
      }
      const now = `\u001b[${code(upper, 38)};${lower === undefined ? '49' : code(lower, 48)}m`;
      line += now === last ? '▀' : `${now}▀`;
      last = now;
    }
    lines.push(last === '' ? line : line + plain);
  }
  return lines;
}

/** How many pictures of a size fit side by side, and below each other; one at least. */
export function picturesThatFit(pixels: { readonly height: number; readonly width: number }, width: number, lines: number): { across: number; down: number } {
  const across = max(1, floor((width + 1) / (pixels.width + 1)));
  // A blank line stands between bands.
  const down = max(1, floor((lines + 1) / (ceil(pixels.height / 2) + 1)));
  return { across, down };
}

/** Pictures of one size, `across` to a band, a space between them and a blank line between the bands. */
export function pictureBands(pictures: readonly (readonly string[])[], across: number): string[] {
  const lines: string[] = [];
  for (let first = 0; first < pictures.length; first += across) {
    const band = pictures.slice(first, first + across);
    if (first > 0) lines.push('');
    for (const line of band[0].keys()) lines.push(band.map((picture) => picture[line]).join(' '));
  }
  return lines;
}
