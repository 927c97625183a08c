/** The page in a real browser: no errors, no requests, the data in the plots, every width, scheme and way to use it. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { palettes } from '../../src/report/style.js';
import { temporaryFolder } from '../checkpoint/sample.js';
import { describeWithBrowser, openPage, startBrowser, type Browser, type OpenPage } from './browser.js';
import { fullRecord, pageOf } from './records.js';

/** A colour as browsers say it. */
function asRgb(colour: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `rgb(${red}, ${green}, ${blue})`;
}

describeWithBrowser('the report in chromium', () => {
  const file = join(temporaryFolder(), 'report.html');
  let browser: Browser;
  let opened: OpenPage;
  let page: Page;
  const inPage = <Value>(expression: string): Promise<Value> => opened.inPage(expression);

  beforeAll(async () => {
    writeFileSync(file, await pageOf(fullRecord()));
    browser = await startBrowser();
    opened = await openPage(browser, file);
    ({ page } = opened);
  });

  afterAll(async () => await browser?.close());

  test('renders without errors, and asks for nothing but itself', async () => {
    await page.waitForLoadState('networkidle');
    expect(opened.complaints).toEqual([]);
    expect(opened.requests.filter((url) => !url.startsWith('data:'))).toEqual([opened.address]);
    expect(await inPage(`[...document.images].every((image) => image.complete && image.naturalWidth > 0)`)).toBe(true);
  });

  test('the policy lets nobody in: no other script runs, nothing is loaded', async () => {
    const tried = await inPage(`(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.intruder = true';
      document.body.append(script);
      const image = new Image();
      const outcome = new Promise((resolve) => { image.onload = () => resolve('loaded'); image.onerror = () => resolve('refused'); });
      image.src = 'http://127.0.0.1:9/x.png';
      return [window.intruder === undefined, await outcome, await fetch('http://127.0.0.1:9/').then(() => 'loaded', () => 'refused')];
    })()`);
    expect(tried).toEqual([true, 'refused', 'refused']);
    // Refused by the policy before anything was sent.
    expect(opened.failures).toEqual([['http://127.0.0.1:9/x.png', 'csp']]);
  });

  test('the plots have the data: a point of the line for every evaluation', async () => {
    const points = await inPage<number[]>(
      `[...document.querySelectorAll('#picture-likelihood svg path[d]')].map((path) => path.getAttribute('d')).filter((d) => /^M[^Z]*$/.test(d) && d.length > 40).map((d) => d.split('L').length)`,
    );
    expect(points).toEqual([40, 40, 40]);
    // The likelihood of the training data rises in a straight line: so does what is drawn.
    const path = await inPage<string>(`[...document.querySelectorAll('#picture-likelihood svg path[d]')].map((path) => path.getAttribute('d')).find((d) => /^M[^Z]*$/.test(d) && d.length > 40)`);
    const coordinates = path.slice(1).split('L').map((pair) => pair.split(',').map(Number));
    const slopes = coordinates.slice(1).map(([x, y], index) => (coordinates[index][1] - y) / (x - coordinates[index][0]));
    for (const slope of slopes) {
      expect(slope).toBeGreaterThan(0);
      expect(slope / slopes[0]).toBeCloseTo(1, 1);
    }
    const box = await inPage<{ width: number; height: number }>(`(({ width, height }) => ({ width, height }))(document.querySelector('#picture-likelihood svg').getBoundingClientRect())`);
    expect(box.width).toBeGreaterThan(300);
    expect(box.height).toBeGreaterThan(150);
  });

  test.each([400, 700, 1400])('at %i px nothing sticks out', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    expect(await inPage('document.documentElement.scrollWidth')).toBe(width);
    expect(await opened.outside(width)).toEqual([]);
  });

  test('narrow screens have one column of charts, wide ones two', async () => {
    const columns = async (): Promise<number> => await inPage(`getComputedStyle(document.querySelector('.charts')).gridTemplateColumns.split(' ').length`);
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await columns()).toBe(1);
    await page.setViewportSize({ width: 1400, height: 800 });
    expect(await columns()).toBe(2);
  });

  test('follows the scheme of the system, and the button turns it', async () => {
    const colours = async (): Promise<unknown> =>
      await inPage(`new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame)).then(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('#picture-likelihood svg path[stroke], #picture-likelihood svg g[stroke^="var"]')).stroke, document.querySelector('#scheme').getAttribute('aria-pressed')])`);
    const of = (scheme: 'light' | 'dark', isPressed: boolean): unknown => [asRgb(palettes[scheme].background), expect.any(String), String(isPressed)];
    expect(await colours()).toEqual(of('light', false));
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await colours()).toEqual(of('dark', true));
    await page.click('#scheme');
    expect(await colours()).toEqual(of('light', false));
    await page.click('#scheme');
    expect(await colours()).toEqual(of('dark', true));
    await page.emulateMedia({ colorScheme: 'light' });
    await page.reload();
    expect(await colours()).toEqual(of('light', false));
  });

  test('works by keyboard: skip link, scheme, navigation, folded data, scrolling tables', async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    const focused = async (): Promise<string> => await inPage(`document.activeElement.id || document.activeElement.className || document.activeElement.tagName`);
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('skip');
    expect(await inPage(`document.activeElement.getBoundingClientRect().left >= 0`)).toBe(true);
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('scheme');
    expect(await inPage(`getComputedStyle(document.activeElement).outlineStyle`)).toBe('solid');
    await page.keyboard.press('Space');
    expect(await inPage(`document.documentElement.dataset.theme`)).toBe('dark');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await inPage('location.hash')).toBe('#summary');
    let presses = 0;
    while (!(await inPage<boolean>(`document.activeElement.matches('#picture-likelihood summary')`)) && presses < 60) {
      await page.keyboard.press('Tab');
      presses++;
    }
    expect(presses).toBeLessThan(60);
    await page.keyboard.press('Enter');
    expect(await inPage(`document.querySelector('#picture-likelihood details').open`)).toBe(true);
    await page.keyboard.press('Tab');
    expect(await inPage(`document.activeElement.matches('#picture-likelihood .scroll')`)).toBe(true);
    await page.keyboard.press('ArrowRight');
    expect(await inPage('document.documentElement.scrollWidth')).toBe(400);
  });

  test('the browser’s accessibility tree names pictures, tables and regions', async () => {
    const named = await opened.accessibleNames();
    for (const role of ['image', 'img', 'region', 'table', 'navigation', 'button']) expect(named(role).filter((name) => name === '')).toEqual([]);
    expect([...named('image'), ...named('img')].some((name) => name.startsWith('Mean log-likelihood over updates: train from'))).toBe(true);
    expect(named('main')).toHaveLength(1);
  });

  test('prints on light ground, without what only screens can use', async () => {
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await inPage(`getComputedStyle(document.body).backgroundColor`)).toBe('rgb(255, 255, 255)');
    expect(await inPage(`[...document.querySelectorAll('nav, #scheme, .skip, figure details')].every((element) => getComputedStyle(element).display === 'none')`)).toBe(true);
    await page.emulateMedia({ media: null, colorScheme: 'light' });
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString('latin1')).toBe('%PDF-');
    expect(pdf.length).toBeGreaterThan(20_000);
  });
});
