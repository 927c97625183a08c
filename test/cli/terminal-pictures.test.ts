/** Sparklines and half blocks: what stands where, and how wide lines are, whatever the values. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { condense, nearestOf256, pictureBands, pictureLines, picturesThatFit, shrink, sparkline } from '../../src/cli/terminal-pictures.js';

const anyNumber = fc.double({ noDefaultInfinity: false, noNaN: false });
const finite = fc.double({ noDefaultInfinity: true, noNaN: true });

describe('sparkline', () => {
  test('bars rise with the values, from the lowest to the highest', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, true)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([7, 0, 7], 80, true)).toBe('█▁█');
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, false)).toBe('_.:-=+*#');
  });

  test('what does not fit is averaged', () => {
    expect(sparkline([0, 0, 7, 7], 2, true)).toBe('▁█');
    expect(condense([1, 3, 5, 7, 9], 2)).toEqual([2, 7]);
  });

  test('none, one, and equal values', () => {
    expect(sparkline([], 10, true)).toBe('');
    expect(sparkline([-3.4], 10, true)).toBe('▅');
    expect(sparkline([2, 2, 2], 10, true)).toBe('▅▅▅');
    expect(sparkline([1, 2], 0, true)).toBe('');
  });

  test('what is not finite is left out', () => {
    expect(sparkline([NaN, 0, Infinity, 1, -Infinity], 10, true)).toBe('▁█');
  });

  test('the beginning does not set the scale where that is asked for', () => {
    expect(sparkline([-500, 0, 1, 2], 10, true)).toBe('▁███');
    expect(sparkline([-500, 0, 1, 2], 10, true, 0.25)).toBe('▁▁▅█');
    expect(sparkline([900, 0, 1, 2], 10, true, 0.25)).toBe('█▁▅█');
  });

  test('any values at any width: as many bars as fit, of the set, the extremes with the extreme bars', () => {
    fc.assert(
      fc.property(fc.array(anyNumber), fc.integer({ min: 0, max: 30 }), fc.boolean(), (values, width, unicode) => {
        const line = sparkline(values, width, unicode);
        const shown = condense(values.filter(Number.isFinite), width);
        expect(Array.from(line)).toHaveLength(Math.min(width, values.filter(Number.isFinite).length));
        expect(line).toMatch(unicode ? /^[▁-█]*$/ : /^[_.:=+*#-]*$/);
        const [least, largest] = [shown.indexOf(Math.min(...shown)), shown.indexOf(Math.max(...shown))];
        // Subnormal ranges vanish when halved.
        const isConstant = !(shown[largest] - shown[least] > 1e-300);
        expect(isConstant || line[least] === (unicode ? '▁' : '_')).toBe(true);
        expect(isConstant || line[largest] === (unicode ? '█' : '#')).toBe(true);
      }),
    );
  });
});

describe('pictures', () => {
  const style = { colours: 'all', unicode: true, scale: 1 } as const;

  test('two pixels to a half block: the upper one its colour, the lower one its background', () => {
    expect(pictureLines({ height: 2, width: 1, values: [1, -1] }, style)).toEqual(['\u001b[38;2;178;24;43;48;2;33;102;172m▀\u001b[0m']);
    expect(pictureLines({ height: 2, width: 1, values: [0, 0] }, style)).toEqual(['\u001b[38;2;247;247;247;48;2;247;247;247m▀\u001b[0m']);
  });

  test('the last row of an odd height has no lower pixel', () => {
    expect(pictureLines({ height: 1, width: 1, values: [9] }, style)).toEqual(['\u001b[38;2;178;24;43;49m▀\u001b[0m']);
  });

  test('a colour is not said twice', () => {
    expect(pictureLines({ height: 1, width: 3, values: [1, 1, -1] }, style)).toEqual(['\u001b[38;2;178;24;43;49m▀▀\u001b[38;2;33;102;172;49m▀\u001b[0m']);
  });

  test('without colours: shades of the mean of both pixels', () => {
    expect(pictureLines({ height: 2, width: 3, values: [-1, 0, 1, -1, 0, 1] }, { ...style, colours: 'none' })).toEqual([' ▒█']);
    expect(pictureLines({ height: 2, width: 2, values: [-1, 1, 1, 1] }, { ...style, colours: 'none' })).toEqual(['▒█']);
    expect(pictureLines({ height: 1, width: 3, values: [-1, 0, 1] }, { ...style, unicode: false })).toEqual([' =@']);
  });

  test('the nearest of 256 colours, against all of them', () => {
    const levels = [0, 95, 135, 175, 215, 255];
    const palette = Array.from({ length: 240 }, (_, index) =>
      index < 216 ? [Math.floor(index / 36), Math.floor(index / 6) % 6, index % 6].map((level) => levels[level]) : [0, 0, 0].fill(8 + 10 * (index - 216)),
    );
    const channel = fc.integer({ min: 0, max: 255 });
    const distance = (a: readonly number[], b: readonly number[]): number => a.reduce((total, value, index) => total + (value - b[index]) * (value - b[index]), 0);
    fc.assert(
      fc.property(channel, channel, channel, (red, green, blue) => {
        const colour = [red, green, blue] as const;
        const best = Math.min(...palette.map((other) => distance(colour, other)));
        expect(distance(colour, palette[nearestOf256(colour) - 16])).toBe(best);
      }),
    );
  });

  test('shrinking averages squares, those at the edges smaller', () => {
    const shrunk = shrink({ height: 3, width: 3, values: [1, 3, 10, 5, 7, 20, 2, 4, 9] }, 2);
    expect({ ...shrunk, values: Array.from(shrunk.values) }).toEqual({ height: 2, width: 2, values: [4, 15, 3, 9] });
  });

  test('lines have the width of the picture, whatever the values and the style', () => {
    const arbitrary = fc.record({ height: fc.integer({ min: 1, max: 7 }), width: fc.integer({ min: 1, max: 7 }), scale: fc.constantFrom(0, 1e-308, 1, 1e308) });
    fc.assert(
      fc.property(arbitrary, fc.constantFrom('none' as const, '256' as const, 'all' as const), fc.boolean(), fc.array(finite, { minLength: 49, maxLength: 49 }), (shape, colours, unicode, values) => {
        const lines = pictureLines({ ...shape, values }, { colours, unicode, scale: shape.scale });
        expect(lines).toHaveLength(Math.ceil(shape.height / 2));
        for (const line of lines) {
          // oxlint-disable-next-line no-control-regex
          expect(Array.from(line.replaceAll(/\u001b\[[0-9;]*m/g, ''))).toHaveLength(shape.width);
          expect(line).not.toMatch(/NaN|undefined/);
        }
      }),
    );
  });

  test('as many pictures as fit, side by side and below each other', () => {
    expect(picturesThatFit({ height: 4, width: 4 }, 14, 5)).toEqual({ across: 3, down: 2 });
    expect(picturesThatFit({ height: 4, width: 4 }, 13, 4)).toEqual({ across: 2, down: 1 });
    expect(picturesThatFit({ height: 40, width: 40 }, 10, 3)).toEqual({ across: 1, down: 1 });
    expect(pictureBands([['a', 'b'], ['c', 'd'], ['e', 'f']], 2)).toEqual(['a c', 'b d', '', 'e', 'f']);
  });
});
