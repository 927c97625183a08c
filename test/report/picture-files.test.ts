import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decode } from 'fast-png';

import { chartPng } from '../../src/report/chart-pixels.js';
import { barChart, lineChart, type Series } from '../../src/report/charts.js';
import { glyphs, unknownGlyph } from '../../src/report/glyphs.js';
import { imageOf } from '../../src/report/images.js';
import { pictureFiles } from '../../src/report/picture-files.js';
import type { Picture } from '../../src/report/section.js';
import { palettes, standaloneSvg } from '../../src/report/style.js';
import { describeWithBrowser, startBrowser, type Browser } from './browser.js';
import { strictElements } from './strict-xml.js';

const hostileWords = `<b> & "quotes" 'single' ]]> ± × 模型 \u202f`;

function seriesOf(count: number, points: number): Series[] {
  return Array.from({ length: count }, (_, series) => ({
    name: `series ${series + 1} ${series === 0 ? hostileWords : ''}`,
    points: Array.from({ length: points }, (__, x) => ({ x: x + 1, y: 10 + series + ((x * 7) % 5), ...(series < 2 && { low: 9 + series + ((x * 7) % 5), high: 12 + series + ((x * 7) % 5) }) })),
  }));
}

const chart = { alternative: hostileWords, xLabel: 'x', yLabel: `y ${hostileWords}` };

const chartCases: [string, () => Promise<string>][] = [
  ['lines of all kinds, with bands, levels and rules', () => lineChart({ ...chart, series: seriesOf(6, 12), levels: [{ y: 11, label: hostileWords }], rules: [{ x: 3, kind: 'best' }, { x: 4, kind: 'warning' }] })],
  ['logarithmic scales', () => lineChart({ ...chart, series: seriesOf(1, 300), xScale: 'log', yScale: 'log' })],
  ['a single point', () => lineChart({ ...chart, series: seriesOf(1, 1) })],
  ['bars', () => barChart({ ...chart, categories: ['a', hostileWords, 'c'], series: [{ name: 'one', values: [1, undefined, 3] }, { name: 'other', values: [2, 5, 0.5] }] })],
  ['bars, logarithmic', () => barChart({ ...chart, categories: ['a', 'b'], series: [{ name: 'one', values: [1e-6, 0.1] }], yScale: 'log' })],
];

const picture = (content: Partial<Picture>): Picture => ({ name: 'some-picture', title: hostileWords, alternative: hostileWords, ...content });
const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

describe.each(chartCases)('%s', (_, make) => {
  test('is an SVG file that a strict parser reads, with colours of its own', async () => {
    const [{ name, bytes }] = pictureFiles(picture({ svg: await make() }));
    expect(name).toBe('some-picture.svg');
    const text = textOf(bytes);
    expect(text.startsWith('<?xml version="1.0" encoding="UTF-8"?>\n<svg ')).toBe(true);
    expect(strictElements(text)[0]).toBe('svg');
    expect(text).not.toMatch(/var\(|currentColor/);
    const [, left, top, width, height] = /viewBox="(\S+) (\S+) (\S+) (\S+)" width="\3" height="\4"/.exec(text)?.map(Number) ?? [];
    expect([left, top]).toEqual([-12, -12]);
    expect(text).toContain(`<rect x="-12" y="-12" width="100%" height="100%" fill="${palettes.light.surface}"/>`);
    expect(width > 400 && height > 200).toBe(true);
  });

  test('is a PNG file of twice its size', async () => {
    const svg = await make();
    const [{ name, bytes }] = pictureFiles(picture({ svg }), 'png');
    expect(name).toBe('some-picture.png');
    const { width, height, channels } = decode(bytes);
    const [, wide, high] = /width="(\d+)" height="(\d+)"/.exec(textOf(pictureFiles(picture({ svg }))[0].bytes))?.map(Number) ?? [];
    expect([width, height, channels]).toEqual([2 * wide, 2 * high, 3]);
    expect(bytes.length).toBeLessThan(200_000);
  });
});

test('a chart gives the same PNG file every time', async () => {
  const svg = await lineChart({ ...chart, series: seriesOf(1, 3) });
  const [one, other] = [pictureFiles(picture({ svg }), 'png'), pictureFiles(picture({ svg }), 'png')];
  expect(Buffer.compare(one[0].bytes, other[0].bytes)).toBe(0);
});

test('images are PNG files as large as the page shows them, or SVG files with their pixels', () => {
  const png = imageOf({ width: 3, height: 2, places: Uint8Array.of(0, 1, 2, 128, 254, 2) }, 'signed');
  const [file] = pictureFiles(picture({ png }));
  expect(file.name).toBe('some-picture.png');
  const { width, height } = decode(file.bytes);
  expect([width, height]).toEqual([3 * png.scale, 2 * png.scale]);
  expect(pictureFiles(picture({ png }), 'png')).toEqual([file]);
  const [wrapped] = pictureFiles(picture({ png }), 'svg');
  expect(wrapped.name).toBe('some-picture.svg');
  const text = textOf(wrapped.bytes);
  expect(strictElements(text)).toEqual(['svg', 'title', 'rect', 'image']);
  const [, source] = /href="data:image\/png;base64,([^"]*)"/.exec(text) ?? [];
  expect(Buffer.compare(Buffer.from(source, 'base64'), png.bytes)).toBe(0);
});

test('a picture that holds nothing has no file', () => {
  expect(pictureFiles(picture({}))).toEqual([]);
});

describe('pixels of charts', () => {
  /** The colour at a place in units of the chart. */
  function pixelsOf(content: string, attributes = ''): (x: number, y: number) => number[] {
    const { data, width } = decode(chartPng(`<?xml version="1.0" encoding="UTF-8"?>\n<svg viewBox="-5 -5 50 30" width="50" height="30" ${attributes}>${content}</svg>\n`));
    return (x, y) => [...data.subarray(((2 * (y + 5)) * width + 2 * (x + 5)) * 3, ((2 * (y + 5)) * width + 2 * (x + 5)) * 3 + 3)];
  }

  test('are those of areas and lines, with what elements hand down', () => {
    const at = pixelsOf(
      '<g fill="#ff0000" transform="translate(10,5)"><rect x="0" y="0" width="4" height="4"/><g fill="#0000ff"><path d="M10,0L14,0L14,4L10,4Z"/></g></g>' +
        '<line x1="0" x2="40" y1="20" y2="20" stroke="#00ff00" stroke-width="2"/><path d="M0,15h40" fill="none" stroke="#000000" stroke-dasharray="10 10"/>',
    );
    expect([at(11, 6), at(21, 6), at(16, 6), at(-4, -4)]).toEqual([[255, 0, 0], [0, 0, 255], [255, 255, 255], [255, 255, 255]]);
    expect([at(20, 19), at(20, 22)]).toEqual([[0, 255, 0], [255, 255, 255]]);
    expect([at(5, 15), at(15, 15), at(25, 15)].map(([red]) => red < 200)).toEqual([true, false, true]);
  });

  /** The columns that have ink, in units. */
  function inkOf(anchor: string): [number, number] {
    const at = pixelsOf(`<text x="20" y="10" text-anchor="${anchor}">ll</text>`, 'font-size="12" fill="#000000"');
    const columns = Array.from({ length: 49 }, (_, x) => x - 5).filter((x) => Array.from({ length: 29 }, (_, y) => at(x, y - 5)[0]).some((red) => red < 128));
    return [columns[0], columns[columns.length - 1]];
  }

  test('words stand where they are anchored', () => {
    const [advance] = glyphs.l;
    const width = (2 * advance * 12) / 1000;
    const [start] = inkOf('start');
    const [middle] = inkOf('middle');
    const [, end] = inkOf('end');
    expect(start).toBeGreaterThanOrEqual(20);
    expect(start).toBeLessThanOrEqual(22);
    expect(Math.abs(start - middle - width / 2)).toBeLessThanOrEqual(1);
    expect(end).toBeLessThanOrEqual(20);
  });

  test('what can not be drawn is refused', () => {
    expect(() => pixelsOf('<ellipse/>')).toThrow(/an element ellipse/);
    expect(() => pixelsOf('<path d="M0,0C1,1,2,2,3,3"/>')).toThrow(/path command C/);
    expect(() => pixelsOf('<g transform="rotate(9)"/>')).toThrow(/rotate/);
    expect(() => pixelsOf('<rect width="1" height="1" fill="url(#a)"/>')).toThrow(/url/);
    expect(() => chartPng('<svg></svg>')).toThrow(/no size/);
  });

  test('letters of numbers and axes are there', () => {
    for (const letter of 'abcXYZ019 −·…×±→↑⟨⟩²³⁰¹⁴⁵⁶⁷⁸⁹⁻–’“”ᵀσ‖\u202f') expect([letter, glyphs[letter] !== undefined && glyphs[letter] !== unknownGlyph]).toEqual([letter, true]);
  });
});

describeWithBrowser('as a browser draws them', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  test.each(chartCases)('%s', async (_, make) => {
    // Letters differ from font to font.
    const svg = standaloneSvg(await make()).replace(/<text[^]*?<\/text>/g, '');
    const own = decode(chartPng(svg));
    const page = await browser.context.newPage();
    await page.setViewportSize({ width: own.width, height: own.height });
    const doubled = svg.replace(/^<\?xml[^>]*>\s*/, '').replace(/width="\d+" height="\d+"/, `width="${own.width}" height="${own.height}"`);
    await page.setContent(`<body style="margin:0">${doubled.replace('<svg ', '<svg style="display:block" ')}</body>`);
    const drawn = decode(await page.screenshot());
    await page.close();
    expect([drawn.width, drawn.height]).toEqual([own.width, own.height]);
    let different = 0;
    for (let pixel = 0; pixel < own.width * own.height; pixel++) {
      const far = [0, 1, 2].some((channel) => Math.abs(own.data[pixel * 3 + channel] - drawn.data[pixel * drawn.channels + channel]) > 64);
      if (far) different += 1;
    }
    // Ends of lines and corners of bends may differ.
    expect(different / (own.width * own.height)).toBeLessThan(0.002);
  });
});
