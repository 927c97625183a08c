/** The page of a sweep: self-contained, its numbers, names escaped, bounded; axes and charts that it is drawn with. */

import { describe, expect, test } from '@jest/globals';
import { parseHTML } from 'linkedom';

import { dotChart, intervalChart, parallelChart, valueAxis } from '../../src/report/charts.js';
import { rankingRemarks, rankSettings, type SweepRun } from '../../src/report/ranking.js';
import type { MeasuredEvent } from '../../src/report/run-record.js';
import { sweepHtml } from '../../src/report/sweep-page.js';
import { strictElements } from './strict-xml.js';

const { log10 } = Math;
const keys = ['training.learningRate', 'training.algorithm'];

/** A run of the setting, two seeds to a setting. */
function run(index: number, learningRate: number, algorithm: string, value: number | undefined): SweepRun {
  const status = value === undefined ? 'diverged' : 'done';
  return {
    index,
    id: `id-${index}`,
    setting: Math.floor(index / 2),
    status,
    values: { [keys[0]]: learningRate, [keys[1]]: algorithm },
    seed: String(1 + (index % 2)),
    updates: 200,
    path: `tasks/id-${index}`,
    ...(value !== undefined && { digest: `d${index}`, splits: { validation: { meanLogLikelihood: value }, test: { meanLogLikelihood: value - 0.5 } } as never }),
  };
}

const evil = '<script>alert(1)</script>';
const runs = [
  run(0, 0.001, 'cd', -5), run(1, 0.001, 'cd', -5.5),
  run(2, 0.01, 'cd', -3), run(3, 0.01, 'cd', -3.5),
  run(4, 0.1, evil, -4), run(5, 0.1, evil, -4.5),
  run(6, 1, 'cd', undefined), run(7, 1, 'cd', undefined),
];

const page = async (own: readonly SweepRun[], events: readonly MeasuredEvent[] = []): Promise<string> => {
  const ranking = rankSettings(own);
  const failures = new Map(own.filter(({ status }) => status === 'diverged').map(({ index }) => [index, { message: `not finite at ${evil}` }]));
  return await sweepHtml({ keys, runs: own, ranking, remarks: rankingRemarks(own, ranking), failures, eventsOf: ({ tasks }) => tasks.map(() => events) });
};

/** Elements in the text. */
const countOf = (html: string, pattern: RegExp): number => html.match(pattern)?.length ?? 0;
const figureOf = (html: string, name: string): string => new RegExp(`<figure id="picture-${name}"[^]*?</figure>`).exec(html)?.[0] ?? '';

describe('the page', () => {
  test('ranks the settings: mean, difference and its interval, seeds, test figure', async () => {
    const html = await page(runs);
    expect(html).toMatch(/<th scope="row">1<\/th><td>0\.01<\/td><td>cd<\/td><td>−3\.2500 \(−6\.4266 … −0\.0734\)<\/td><td>best<\/td><td>2\/2<\/td><td>−3\.7500<\/td>/);
    // Both seeds differ by just 1: nothing is left of the interval.
    expect(html).toMatch(/<th scope="row">2<\/th><td>0\.1<\/td><td>&#60;script&#62;alert\(1\)&#60;\/script&#62;<\/td><td>[^<]*<\/td><td>−1\.0000 \(−1\.0000 … −1\.0000\)<\/td>/);
    expect(html).toMatch(/<th scope="row">–<\/th><td>1<\/td><td>cd<\/td><td>–<\/td><td>–<\/td><td>0\/2, 2 diverged<\/td><td>–<\/td>/);
    expect(html).toContain('Best: learningRate 0.01, algorithm cd.');
    expect(html).toContain('largest of 3 means');
  });

  test('names what failed and why, and where every run is', async () => {
    const html = await page(runs);
    expect(html).toMatch(/<th scope="row">6<\/th><td>diverged<\/td><td>1<\/td><td>not finite at &#60;script&#62;alert\(1\)&#60;\/script&#62;<\/td>/);
    for (const { path } of runs) expect(html).toContain(`<td>${path}</td>`);
  });

  test('is escaped, well-formed, and loads nothing', async () => {
    const html = await page(runs);
    expect(html).not.toContain('<script>alert');
    expect(html).toContain("default-src 'none'");
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/(?:src|href)="(?!#|data:)|url\(|https?:/);
    const charts = html.match(/<svg[^]*?<\/svg>/g) ?? [];
    expect(charts).toHaveLength(4);
    for (const chart of charts) expect(strictElements(chart)[0]).toBe('svg');
  });

  test('a line for every ranked setting, a mark for every run, words for those who see neither', async () => {
    const html = await page(runs);
    const parallel = figureOf(html, 'parallel-coordinates');
    // The axes have names, the lines as many corners as there are axes.
    expect([...parallel.matchAll(/class="axis-label"[^>]*>([^<]*)</g)].map(([, name]) => name)).toEqual(['learningRate →', 'algorithm', 'validation log-likelihood, nats →']);
    expect(countOf(parallel, / d="M[^"L]*L[^"L]*L[^"L]*"/g)).toBe(3);
    expect(parallel).toContain('Rank 1: learningRate 0.01, algorithm cd, −3.2500');
    expect(countOf(figureOf(html, 'against-training-learningrate'), /<circle /g)).toBe(2 + 6 + 3);
    expect(figureOf(html, 'against-training-learningrate')).toContain('the highest median is −3.2500 at 0.01, of 3 values');
    expect(figureOf(html, 'against-training-learningrate')).toMatch(/<th scope="row">0\.1<\/th><td>−4\.2500<\/td><td>2<\/td>/);
  });

  test('learning curves of the best, where runs were evaluated', async () => {
    expect(await page(runs)).not.toContain('id="picture-learning-curves"');
    const events = [0, 100, 200].map((update): MeasuredEvent => ({ update, epoch: 0, splits: { validation: { meanLogLikelihood: update / 100 - 9 } as never } }));
    expect(figureOf(await page(runs, events), 'learning-curves')).toContain('rank 1 from −9.0000 at 0 to −7.0000 at 200');
  });

  test('nothing finished: no charts, and what there is to say', async () => {
    const html = await page(runs.slice(6));
    expect(html).not.toContain('<svg');
    expect(html).toContain('Nothing is ranked');
    expect(html).toContain('not finite at');
  });

  test('a single setting has no axes to draw', async () => {
    const html = await page(runs.slice(0, 2));
    expect(html).not.toContain('id="picture-parallel-coordinates"');
    expect(html).toContain('id="picture-ranking"');
  });

  test('thousands of settings make no large page, and it says what it leaves out', async () => {
    const many = Array.from({ length: 6000 }, (_, index) => run(index, 1e-4 * (1 + Math.floor(index / 2)), `a${index % 40}`, -100 - ((index * 7919) % 6007) / 100));
    const html = await page(many);
    expect(html.length).toBeLessThan(2_000_000);
    expect(html).toContain('the 2\u202f950 behind them are in results.json');
    expect(html).toContain('400 of 3\u202f000 settings are drawn');
    expect(html).toContain('1\u202f000 of 6\u202f000 runs are drawn');
    expect(html).toContain('the first 500 of 6\u202f000; results.csv has all');
  });
});

describe('an axis of values', () => {
  test('numbers: logarithmic where they are spread so, with the values themselves as ticks where there are few', () => {
    expect(valueAxis('rate', [0.1, 0.001, 0.01])).toMatchObject({ type: 'log', domain: [0.001, 0.1], positions: [0.1, 0.001, 0.01] });
    expect(valueAxis('rate', [0.1, 0.001, 0.01]).ticks).toEqual([{ at: 0.001, words: '0.001' }, { at: 0.01, words: '0.01' }, { at: 0.1, words: '0.1' }]);
    expect(valueAxis('units', [0, 10, 1000]).type).toBe('linear');
    expect(valueAxis('units', [1, 2, 4]).type).toBe('linear');
    expect(valueAxis('share', Array.from({ length: 100 }, (_, index) => (index + 1) / 100)).type).toBe('linear');
  });

  test('many numbers: round ticks within the axis, few of them', () => {
    for (const [low, high] of [[0, 1], [-8.2, -6.6], [3, 3.001], [-1e6, 1e6], [1e-5, 10]]) {
      const values = Array.from({ length: 50 }, (_, index) => low + ((high - low) * index) / 49);
      const { ticks } = valueAxis('x', values);
      expect(ticks.length).toBeGreaterThanOrEqual(2);
      expect(ticks.length).toBeLessThanOrEqual(7);
      for (const { at } of ticks) {
        expect(at).toBeGreaterThanOrEqual(low);
        expect(at).toBeLessThanOrEqual(high);
      }
    }
    const decades = Array.from({ length: 60 }, (_, index) => 1e-6 * 10 ** (index / 10));
    expect(valueAxis('x', decades).ticks.every(({ at }) => Number.isInteger(log10(at)))).toBe(true);
  });

  test('ticks are as far from each other, and as short at the ends, as their words need', () => {
    // As settings' figures are: few, and of many digits. A letter is some 7.5 of the 348 units of an axis, whose ends have room for 26 beyond it.
    for (const values of [[-7.11532, -7.0019, -6.87743, -6.83462], [-1234.567, -1234.5, -1230], [0.0625, 0.125, 0.1875, 0.25]]) {
      const { ticks, domain: [low, high] } = valueAxis('x', values);
      expect(ticks.length).toBeGreaterThanOrEqual(2);
      const ends = ticks.map(({ at, words }) => [-1, 1].map((side) => (348 * (at - low)) / (high - low) + (side * 7.5 * words.length) / 2));
      for (const [index, [start, end]] of ends.entries()) {
        expect(start).toBeGreaterThan(index === 0 ? -28 : ends[index - 1][1]);
        expect(end).toBeLessThan(348 + 28);
      }
    }
  });

  test('long words that begin alike have a place and a tick of their own', () => {
    const words = ['linear', 'step'].map((name) => `final: 0, horizon: epochs: 300, initial: 0.05, and so on, schedule: ${name}`);
    const { positions, ticks } = valueAxis('rate', words);
    expect(positions).toEqual([0, 1]);
    expect(ticks.map((one) => one.words)).toEqual(['…linear', '…step']);
    expect(valueAxis('rate', ['a-very-long-word-a', 'other']).ticks[0].words).toBe('a-very-long-w…');
  });

  test('anything that is no finite number makes words of all: one place for each', () => {
    expect(valueAxis('size', ['full', 10, 'full', 100])).toEqual({
      name: 'size',
      type: 'words',
      domain: [-0.5, 2.5],
      ticks: [{ at: 0, words: '10' }, { at: 1, words: '100' }, { at: 2, words: 'full' }],
      positions: [2, 0, 2, 1],
    });
    expect(valueAxis('x', [1, Infinity]).type).toBe('words');
    expect(valueAxis('x', Array.from({ length: 100 }, (_, index) => `w${index}`)).ticks.length).toBeLessThanOrEqual(8);
  });
});

describe('charts', () => {
  test('parallel axes: the positions are those of the scales', () => {
    const svg = parallelChart({
      alternative: 'a chart',
      axes: [valueAxis('rate', [1, 10, 100]), valueAxis('word', ['b', 'a', 'b']), { ...valueAxis('figure', [-4, -2, -3]), positions: [-9, -2, -3] }],
      emphasized: [],
      othersName: 'settings',
    });
    const paths = [...svg.matchAll(/<path d="M([\d.,L]+)"\/>/g)].map(([, path]) => path.split('L').map((pair) => Number(pair.split(',')[0])));
    expect(paths).toHaveLength(3);
    const [left, middle, right] = paths.map(([x]) => x);
    expect(middle - left).toBeCloseTo(right - middle, 1);
    expect(paths[0][1]).toBe(paths[2][1]);
    expect(paths[1][1]).toBeLessThan(paths[0][1]);
    // Below the axis: at its end.
    expect(paths.map((corners) => corners[2])).toEqual([left, right, middle]);
  });

  test('dots on a logarithmic axis: each decade is as wide as the others, each tick has its words; what is far below is a cross', async () => {
    const values = [0.01, 0.1, 1, 0.02, 0.3, 0.5, 0.05, 0.07, 0.2];
    const axis = valueAxis('rate', values);
    const svg = await dotChart({ alternative: 'a chart', yLabel: 'nats', axis, dots: values.map((x, index) => ({ x, y: index === 8 ? -50 : -index })), middles: [], middleName: 'median', lowest: -10 });
    expect(axis.type).toBe('log');
    for (const { words } of axis.ticks) expect(svg).toContain(`>${words}<`);
    const { document } = parseHTML(svg) as unknown as { document: { querySelectorAll(selector: string): Iterable<{ getAttribute(name: string): string | null }> } };
    // The first is that of the legend.
    const [, ...places] = [...document.querySelectorAll('circle')].map((element) => Number(element.getAttribute('cx')));
    expect(places).toHaveLength(8);
    expect(places[1] - places[0]).toBeCloseTo(places[2] - places[1], 1);
    expect([...document.querySelectorAll('g[stroke="var(--muted)"] > path')]).toHaveLength(1);
  });

  test('intervals lie where their numbers are', async () => {
    const rows = [{ words: '1', value: -1, low: -2, high: 0, other: -3 }, { words: '2', value: -2 }];
    const svg = await intervalChart({ alternative: 'a chart', xLabel: 'nats', yLabel: 'rank', valueName: 'value', otherName: 'test', rows });
    const { document } = parseHTML(svg) as unknown as { document: { querySelectorAll(selector: string): Iterable<{ getAttribute(name: string): string | null }> } };
    const numbersOf = (selector: string, attribute: string): number[] => [...document.querySelectorAll(selector)].map((element) => Number(/[\d.]+/.exec(element.getAttribute(attribute) ?? '')?.[0]));
    const [low] = numbersOf('g[stroke="var(--series-1)"] line', 'x1');
    const [high] = numbersOf('g[stroke="var(--series-1)"] line', 'x2');
    const unit = (high - low) / 2;
    expect(unit).toBeGreaterThan(50);
    const [first, second] = numbersOf('g[fill="var(--series-1)"] circle', 'cx');
    expect(first).toBeCloseTo(low + unit, 1);
    expect(second).toBeCloseTo(low, 1);
    const [other] = numbersOf('g[stroke="var(--series-2)"] path', 'transform');
    expect(other).toBeCloseTo(low - unit, 1);
  });
});
