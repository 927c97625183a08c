/**
 * Charts as PNG files, without a browser: what `charts.ts` draws, and no other SVG.
 *
 * Reads the elements and attributes that our charts are made of (and says so where it meets another one), in the units of the
 * chart, and draws them with twice as many pixels. Words are set in one font, letter by letter.
 */

import { glyphs, unknownGlyph } from './glyphs.js';
import { writeRgbPng } from '../formats/png.js';
import { circle, dashed, Raster, strokeArea, type Colour, type Line } from './raster.js';

const { ceil } = Math;

/** Pixels to a unit of the chart. */
const pixelsPerUnit = 2;

/** Straight pieces of a curve. */
const curvePieces = 6;

/** What an element hands down to those within it. */
interface Style {
  readonly x: number;
  readonly y: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** An element of the chart. */
interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeText(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal?: string, hexadecimal?: string, name = '') =>
    decimal !== undefined ? String.fromCodePoint(Number(decimal)) : hexadecimal !== undefined ? String.fromCodePoint(Number.parseInt(hexadecimal, 16)) : (entities[name as string] ?? whole),
  );
}

/** The elements of an SVG text that is known to be well-formed: our own. */
function parseElements(svg: string): Element {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  for (const [, text, closing, name, attributes = '', empty] of svg.matchAll(/([^<]*)<(?:\?[^>]*\?>|(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"]*")*)\s*(\/?)>)/g)) {
    const parent = open[open.length - 1];
    parent.text += unescapeText(text);
    if (name === undefined) continue;
    if (closing === '/') {
      open.pop();
      continue;
    }
    const element: Element = {
      name,
      attributes: Object.fromEntries([...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, unescapeText(value)])),
      children: [],
      text: '',
    };
    parent.children.push(element);
    if (empty !== '/') open.push(element);
  }
  return root;
}

/** Attributes that hold for everything within an element. */
const inherited = ['fill', 'fill-opacity', 'stroke', 'stroke-opacity', 'stroke-width', 'stroke-dasharray', 'stroke-linecap', 'font-size', 'text-anchor'];

function unsupported(what: string): RangeError {
  return new RangeError(`a chart has ${what}, which can't be drawn as pixels`);
}

/** A colour as #rrggbb or by the few names that charts use; undefined for none. */
function colourOf(value: string | undefined): Colour | undefined {
  if (value === undefined || value === 'none') return undefined;
  const hexadecimal = { white: '#ffffff', black: '#000000' }[value] ?? value;
  const [, red, green, blue] = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(hexadecimal) ?? [];
  if (red === undefined) throw unsupported(`the colour ${value}`);
  return [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)];
}

/** The lines of a path, closed or not; curves of the second degree as straight pieces. */
function linesOf(path: string, toX: (x: number) => number, toY: (y: number) => number): number[][] {
  const lines: number[][] = [];
  let [line, x, y]: [number[], number, number] = [[], 0, 0];
  const goTo = (nextX: number, nextY: number): void => {
    [x, y] = [nextX, nextY];
    line.push(toX(x), toY(y));
  };
  for (const [, command, text] of path.matchAll(/([a-z])([^a-z]*)/gi)) {
    const numbers = (text.match(/-?(?:\d+\.?\d*|\.\d+)/g) ?? []).map(Number);
    if (command === 'M') lines.push((line = []));
    if (command === 'M' || command === 'L') {
      for (let index = 0; index < numbers.length; index += 2) goTo(numbers[index], numbers[index + 1]);
    } else if (command === 'H' || command === 'h') {
      for (const number of numbers) goTo(command === 'h' ? x + number : number, y);
    } else if (command === 'V' || command === 'v') {
      for (const number of numbers) goTo(x, command === 'v' ? y + number : number);
    } else if (command === 'Q') {
      for (let index = 0; index < numbers.length; index += 4) {
        const [startX, startY] = [x, y];
        const [controlX, controlY, endX, endY] = numbers.slice(index, index + 4);
        for (let piece = 1; piece <= curvePieces; piece++) {
          const [t, s] = [piece / curvePieces, 1 - piece / curvePieces];
          goTo(s * s * startX + 2 * s * t * controlX + t * t * endX, s * s * startY + 2 * s * t * controlY + t * t * endY);
        }
      }
    } else if (command === 'Z' || command === 'z') {
      // Closed for strokes; areas close by themselves.
      const [firstX, firstY] = line;
      line.push(firstX, firstY);
    } else throw unsupported(`the path command ${command}`);
  }
  return lines;
}

/** A length, in units of the chart or of the font. */
function lengthOf(value: string | undefined, fontSize: number): number {
  if (value === undefined) return 0;
  const number = Number.parseFloat(value);
  return value.endsWith('em') ? number * fontSize : number;
}

/** Draws the elements of one chart. */
class ChartPainter {
  readonly raster: Raster;

  constructor(width: number, height: number) {
    this.raster = new Raster(ceil(width * pixelsPerUnit), ceil(height * pixelsPerUnit));
  }

  /** Draws an element and what is in it. */
  draw(element: Element, outer: Style): void {
    const { name, attributes: own, children } = element;
    const attributes = { ...outer.attributes };
    for (const key of inherited) if (own[key] !== undefined) attributes[key] = own[key];
    const [, moved, rest] = /^(?:translate\(([^)]*)\))?\s*(.*)$/.exec(own.transform ?? '') ?? [];
    if (rest !== undefined && rest !== '') throw unsupported(`the transformation ${own.transform}`);
    const [dx = 0, dy = 0] = (moved ?? '').split(/[\s,]+/).filter((text) => text !== '').map(Number);
    const style = { x: outer.x + dx, y: outer.y + dy, attributes };
    const toX = (x: number): number => (style.x + x) * pixelsPerUnit;
    const toY = (y: number): number => (style.y + y) * pixelsPerUnit;
    const number = (key: string): number => lengthOf(own[key], 0);
    switch (name) {
      case 'svg':
      case 'g':
        for (const child of children) this.draw(child, style);
        return;
      case 'title':
        return;
      case 'path':
        this.#paint(linesOf(own.d ?? '', toX, toY), style);
        return;
      case 'line':
        this.#paint([[toX(number('x1')), toY(number('y1')), toX(number('x2')), toY(number('y2'))]], style);
        return;
      case 'circle':
        this.#paint([circle(toX(number('cx')), toY(number('cy')), number('r') * pixelsPerUnit)], style);
        return;
      case 'rect':
        this.#rectangle(own, style);
        return;
      case 'text':
        this.#text(element, style);
        return;
      default:
        throw unsupported(`an element ${name}`);
    }
  }

  #rectangle(own: Element['attributes'], style: Style): void {
    const { width, height } = this.raster;
    const left = (style.x + lengthOf(own.x, 0)) * pixelsPerUnit;
    const top = (style.y + lengthOf(own.y, 0)) * pixelsPerUnit;
    const right = own.width === '100%' ? left + width : left + lengthOf(own.width, 0) * pixelsPerUnit;
    const bottom = own.height === '100%' ? top + height : top + lengthOf(own.height, 0) * pixelsPerUnit;
    this.#paint([[left, top, right, top, right, bottom, left, bottom, left, top]], style);
  }

  /** Fills and strokes lines as the attributes say. */
  #paint(lines: readonly Line[], { attributes }: Style): void {
    const fill = colourOf(attributes.fill ?? '#000000');
    if (fill !== undefined) this.raster.fillArea(lines, fill, Number(attributes['fill-opacity'] ?? 1));
    const stroke = colourOf(attributes.stroke);
    if (stroke === undefined) return;
    const lengths = (attributes['stroke-dasharray'] ?? '').split(/[\s,]+/).filter((text) => /^[\d.]+$/.test(text)).map((text) => Number(text) * pixelsPerUnit);
    const pieces = lengths.length === 0 ? lines : lines.flatMap((line) => dashed(line, lengths));
    const width = lengthOf(attributes['stroke-width'] ?? '1', 0) * pixelsPerUnit;
    const hasRoundEnds = attributes['stroke-linecap'] === 'round';
    this.raster.fillArea(pieces.flatMap((piece) => strokeArea(piece, width, hasRoundEnds)), stroke, Number(attributes['stroke-opacity'] ?? 1));
  }

  /** Sets a line of text; lines of Observable Plot are elements `tspan` of one line each. */
  #text({ attributes: own, text, children }: Element, style: Style): void {
    const fontSize = lengthOf(style.attributes['font-size'] ?? '12', 0);
    const letters = [...text, ...children.flatMap((child) => [...child.text])].map((letter) => glyphs[letter] ?? unknownGlyph);
    const size = fontSize / 1000;
    const width = letters.reduce((sum, [advance]) => sum + advance * size, 0);
    const before = { start: 0, middle: width / 2, end: width }[style.attributes['text-anchor'] ?? 'start'] ?? 0;
    let x = style.x + lengthOf(own.x, fontSize) - before;
    const y = style.y + lengthOf(own.y, fontSize) + lengthOf(own.dy, fontSize);
    const lines: number[][] = [];
    for (const [advance, outline] of letters) {
      const left = x;
      lines.push(...linesOf(outline, (across) => (left + across * size) * pixelsPerUnit, (down) => (y + down * size) * pixelsPerUnit));
      x += advance * size;
    }
    // The ground behind letters is drawn before them.
    const { fill, 'fill-opacity': opacity, ...others } = style.attributes;
    if (colourOf(style.attributes.stroke) !== undefined) this.#paint(lines, { ...style, attributes: { ...others, fill: 'none' } });
    this.#paint(lines, { ...style, attributes: { fill, ...(opacity !== undefined && { 'fill-opacity': opacity }) } as Record<string, string> });
  }
}

/**
 * A chart as a PNG file.
 *
 * @param svg as `standaloneSvg` makes it: all colours are there
 * @throws RangeError where the chart has something that can't be drawn
 */
export function chartPng(svg: string): Uint8Array {
  const [root] = parseElements(svg).children;
  const [left, top, width, height] = (root.attributes.viewBox ?? '').split(/[\s,]+/).map(Number);
  if (!(width > 0 && height > 0)) throw unsupported('no size');
  const painter = new ChartPainter(width, height);
  painter.draw(root, { x: -left, y: -top, attributes: {} });
  const { raster } = painter;
  return writeRgbPng({ width: raster.width, height: raster.height, rgb: raster.bytes() });
}
