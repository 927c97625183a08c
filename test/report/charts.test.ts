/** Charts: every point where it belongs, long series thinned without losing what they do, texts escaped. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseHTML } from 'linkedom';

import { barChart, lineChart, thinned, type Point } from '../../src/report/charts.js';
import { count, figure, nats, percent, tick } from '../../src/report/numbers.js';
import { standaloneSvg } from '../../src/report/style.js';

const { max, min, sin } = Math;
const texts = { alternative: 'a chart of 3 points', xLabel: 'update', yLabel: 'nats' };

/** Corners of every line that is drawn, in pixels. */
function linesOf(svg: string): [number, number][][] {
  return [...svg.matchAll(/ d="(M[^"Z]+L[^"Z]+)"/g)]
    .map(([, path]) => path.slice(1).split('L').map((pair) => pair.split(',').map(Number) as [number, number]))
    .filter((corners) => !corners.some(([x, y]) => x === 0 && y === 0));
}

describe('a line chart', () => {
  test('places points on a linear scale: differences in pixels are those of the values', async () => {
    const points = [{ x: 0, y: -1 }, { x: 10, y: 3 }, { x: 20, y: 1 }, { x: 40, y: 2 }];
    const [corners] = linesOf(await lineChart({ ...texts, series: [{ name: 'one', points }] }));
    expect(corners).toHaveLength(4);
    const perUpdate = (corners[3][0] - corners[0][0]) / 40;
    const perNat = (corners[1][1] - corners[0][1]) / 4;
    expect(perNat).toBeLessThan(0);
    for (const [index, { x, y }] of points.entries()) {
      expect(corners[index][0]).toBeCloseTo(corners[0][0] + perUpdate * x, 1);
      expect(corners[index][1]).toBeCloseTo(corners[0][1] + perNat * (y + 1), 1);
    }
  });

  test('places points on a logarithmic scale, and leaves out those that it has no place for', async () => {
    const points = [{ x: 0, y: 1 }, { x: 1, y: 0 }, { x: 2, y: 10 }, { x: 3, y: -5 }, { x: 4, y: 1000 }, { x: 5, y: Number.NaN }];
    const [corners] = linesOf(await lineChart({ ...texts, yScale: 'log', series: [{ name: 'one', points }] }));
    expect(corners).toHaveLength(3);
    const perDecade = corners[1][1] - corners[0][1];
    expect(corners[2][1] - corners[1][1]).toBeCloseTo(2 * perDecade, 1);
  });

  test('series differ in colour, dash and marker; bands and rules are drawn', async () => {
    const series = ['train', 'validation', 'test'].map((name, index) => ({ name, points: [0, 1, 2].map((x) => ({ x, y: x + index, low: x + index - 0.5, high: x + index + 0.5 })) }));
    const svg = await lineChart({ ...texts, series, rules: [{ x: 1, kind: 'warning' }, { x: 2, kind: 'best' }] });
    for (const number of [1, 2, 3]) expect(svg).toContain(`stroke="var(--series-${number})"`);
    const { document } = parseHTML(svg) as unknown as { document: { querySelectorAll(selector: string): Iterable<{ getAttribute(name: string): string | null; textContent: string }> } };
    const dashes = [...document.querySelectorAll('g[stroke-width="1.75"]')].map((element) => element.getAttribute('stroke-dasharray'));
    expect(new Set(dashes).size).toBe(3);
    expect([...document.querySelectorAll('g[fill-opacity="0.16"]')]).toHaveLength(3);
    expect([...document.querySelectorAll('.legend text')].map(({ textContent }) => textContent)).toEqual(['train', 'validation', 'test', 'best validation figure', 'warning']);
    // Three markers a series.
    expect([...svg.matchAll(/<circle/g)].length + [...svg.matchAll(/<path d="M[^"]*Z" transform/g)].length).toBe(9);
  });

  test('the same chart is the same text, and no text gets out of its place', async () => {
    const hostile = '"><script>alert(1)</script>&';
    const chart = { alternative: hostile, xLabel: hostile, yLabel: hostile, series: [{ name: hostile, points: [{ x: 0, y: 0 }] }, { name: 'b', points: [{ x: 1, y: 1 }] }], levels: [{ y: 0, label: hostile }] };
    const svg = await lineChart(chart);
    expect(await lineChart(chart)).toBe(svg);
    expect(svg).not.toContain('<script');
    expect(await barChart({ ...texts, categories: [hostile], series: [{ name: hostile, values: [1] }] })).not.toContain('<script');
  });

  test('without any points it is still a chart', async () => {
    const svg = await lineChart({ ...texts, series: [] });
    expect(svg).toMatch(/^<svg .*<\/svg>$/s);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });
});

test('bars are as high as their values', async () => {
  const svg = await barChart({ ...texts, categories: ['a', 'b', 'c', 'd'], series: [{ name: 'one', values: [1, 2, undefined, 4] }] });
  const heights = [...svg.matchAll(/<rect [^>]*height="([\d.]+)"/g)].map(([, height]) => Number(height));
  expect(heights).toHaveLength(3);
  expect(heights[1] / heights[0]).toBeCloseTo(2, 1);
  expect(heights[2] / heights[0]).toBeCloseTo(4, 1);
});

test('a chart as a file of its own has colours and needs no page', async () => {
  const svg = standaloneSvg(await lineChart({ ...texts, series: [{ name: 'one', points: [{ x: 0, y: 0 }, { x: 1, y: 1 }] }], rules: [{ x: 1, kind: 'warning' }] }));
  expect(svg).toMatch(/^<\?xml/);
  expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
  expect(svg).not.toMatch(/var\(|currentColor|class="axis-label"/);
});

describe('thinning', () => {
  test('keeps ends, extremes and the envelope of the bands, in order and few', () => {
    const points = Array.from({ length: 20_000 }, (_, x) => ({ x, y: sin(x / 50) + (x === 12_345 ? 10 : 0), low: sin(x / 50) - 1, high: sin(x / 50) + 1 }));
    const kept = thinned(points);
    expect(kept.length).toBeLessThanOrEqual(402);
    expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
    expect(kept.some(({ x, y }) => x === 12_345 && y === points[12_345].y)).toBe(true);
    expect(kept.every(({ x }, index) => index === 0 || x > kept[index - 1].x)).toBe(true);
  });

  test('of any series: never more than its bound, and the same lowest and highest value', () => {
    const series = fc.array(fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.double({ min: -1e3, max: 1e3, noNaN: true })), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 40 }), (steps, stretches) => {
        let x = 0;
        const points: Point[] = steps.map(([step, y]) => ({ x: (x += step), y }));
        const kept = thinned(points, stretches);
        expect(kept.length).toBeLessThanOrEqual(max(2 * stretches + 2, 1));
        const values = (list: readonly Point[]): number[] => list.map(({ y }) => y);
        expect([min(...values(kept)), max(...values(kept))]).toEqual([min(...values(points)), max(...values(points))]);
      }),
      { numRuns: 60 },
    );
  });
});

test('numbers as people read them', () => {
  expect([nats(-3.56391), nats(-172.7141), nats(-1e12), nats(0)]).toEqual(['−3.5639', '−172.714', '−1·10¹²', '0.0000']);
  expect([count(8000), count(123), count(-1234567)]).toEqual(['8\u202f000', '123', '−1\u202f234\u202f567']);
  expect([figure(0.0000123), figure(1234.5678), figure(12), figure(Infinity), figure(-2.5e-9)]).toEqual(['1.23·10⁻⁵', '1235', '12', '∞', '−2.5·10⁻⁹']);
  expect([tick(0.0001), tick(1000), tick(20_000), tick(1e7), tick(-0.25), tick(0)]).toEqual(['10⁻⁴', '1000', '20\u202f000', '10⁷', '−0.25', '0']);
  expect([percent(0.1234), percent(1), percent(0)]).toEqual(['12.3 %', '100 %', '0 %']);
});
