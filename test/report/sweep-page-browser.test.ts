/** The page of a sweep in a real browser: no errors, nothing asked for, every width and scheme, contrast of what is drawn. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { rankingRemarks, rankSettings, type SweepRun } from '../../src/report/ranking.js';
import { sweepHtml } from '../../src/report/sweep-page.js';
import { temporaryFolder } from '../checkpoint/sample.js';
import { describeWithBrowser, openPage, startBrowser, type Browser, type OpenPage } from './browser.js';

const keys = ['training.learningRate', 'training.algorithm', 'model.weights.a-key-whose-name-is-longer-than-any-screen-is-wide-and-has-no-space'];

/** 4 × 2 × 2 settings with three seeds each. */
const runs = Array.from({ length: 48 }, (_, index): SweepRun => {
  const setting = Math.floor(index / 3);
  const value = -100 + ((setting * 7) % 16) + (index % 3) / 4;
  return {
    index,
    id: `id-${index}`,
    setting,
    status: 'done',
    values: { [keys[0]]: [0.001, 0.01, 0.1, 1][setting % 4], [keys[1]]: setting < 8 ? 'cd' : 'a-very-long-name-of-an-algorithm', [keys[2]]: setting % 8 < 4 },
    seed: String(1 + (index % 3)),
    updates: 100,
    path: `tasks/id-${index}`,
    digest: 'd'.repeat(64),
    splits: { validation: { meanLogLikelihood: value }, test: { meanLogLikelihood: value - 1 } } as never,
  };
});

describeWithBrowser('the page of a sweep in chromium', () => {
  const file = join(temporaryFolder(), 'sweep.html');
  let browser: Browser;
  let opened: OpenPage;
  let page: Page;
  const inPage = <Value>(expression: string): Promise<Value> => opened.inPage(expression);

  beforeAll(async () => {
    const ranking = rankSettings(runs);
    writeFileSync(file, await sweepHtml({ keys, runs, ranking, remarks: rankingRemarks(runs, ranking), failures: new Map(), eventsOf: () => [] }));
    browser = await startBrowser();
    opened = await openPage(browser, file);
    ({ page } = opened);
  });

  afterAll(async () => await browser?.close());

  test('renders without errors, and asks for nothing but itself', async () => {
    await page.waitForLoadState('networkidle');
    expect(opened.complaints).toEqual([]);
    expect(opened.requests.filter((url) => !url.startsWith('data:'))).toEqual([opened.address]);
  });

  test.each([400, 700, 1400])('at %i px nothing sticks out, in figures neither', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    expect(await inPage('document.documentElement.scrollWidth')).toBe(width);
    expect(await opened.outside(width)).toEqual([]);
    const beyond = await inPage<string[]>(
      `[...document.querySelectorAll('figure')].flatMap((figure) => [...figure.querySelectorAll('svg text')].filter((text) => text.getBoundingClientRect().right > figure.getBoundingClientRect().right || text.getBoundingClientRect().left < figure.getBoundingClientRect().left).map((text) => figure.id + ': ' + text.textContent))`,
    );
    expect(beyond).toEqual([]);
  });

  test('ticks of an axis of the parallel chart do not overlap', async () => {
    const overlaps = await inPage<string[]>(`(() => {
      const boxes = [...document.querySelectorAll('#picture-parallel-coordinates svg text:not(.axis-label)')].map((text) => ({ words: text.textContent, box: text.getBoundingClientRect() }));
      return boxes.flatMap((first, index) => boxes.slice(index + 1).filter((second) =>
        first.box.left < second.box.right && second.box.left < first.box.right && first.box.top < second.box.bottom && second.box.top < first.box.bottom).map((second) => first.words + ' / ' + second.words));
    })()`);
    expect(overlaps).toEqual([]);
  });

  test.each(['light', 'dark'] as const)('in the %s scheme the lines of the best have a contrast of 3 : 1 with their ground, and texts 4.5 : 1', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    // The contrast of WCAG 2.2, from the colours that the browser computes.
    const contrasts = await inPage<{ lines: number[]; texts: number[] }>(`(() => {
      const channel = (value) => { const share = value / 255; return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; };
      const luminance = (colour) => { const [red, green, blue] = colour.match(/[\\d.]+/g).map(Number); return 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue); };
      const ground = luminance(getComputedStyle(document.querySelector('figure')).backgroundColor);
      const contrast = (colour) => { const own = luminance(colour); return (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05); };
      const chart = document.querySelector('#picture-parallel-coordinates svg');
      return {
        lines: [...chart.querySelectorAll('path[stroke-width="2.25"]')].map((line) => contrast(getComputedStyle(line).stroke)),
        texts: [...chart.querySelectorAll('text')].map((text) => contrast(getComputedStyle(text).fill)),
      };
    })()`);
    expect(contrasts.lines).toHaveLength(4);
    for (const contrast of contrasts.lines) expect(contrast).toBeGreaterThanOrEqual(3);
    expect(contrasts.texts.length).toBeGreaterThan(10);
    for (const contrast of contrasts.texts) expect(contrast).toBeGreaterThanOrEqual(4.5);
  });

  test('without colours the lines of the best differ by their dashes', async () => {
    const dashes = await inPage<(string | null)[]>(`[...document.querySelectorAll('#picture-parallel-coordinates svg > path[stroke-width="2.25"]')].map((line) => line.getAttribute('stroke-dasharray'))`);
    expect(new Set(dashes).size).toBe(4);
  });

  test('the browser’s accessibility tree names pictures, tables and regions', async () => {
    const named = await opened.accessibleNames();
    for (const role of ['image', 'img', 'region', 'table', 'columnheader', 'rowheader']) expect(named(role).filter((name) => name === '')).toEqual([]);
    expect([...named('image'), ...named('img')].filter((name) => name.startsWith('Settings and what comes of them: a line for each of 16 settings'))).toHaveLength(1);
  });
});
