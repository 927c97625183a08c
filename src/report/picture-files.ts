/**
 * Pictures of the report as files of their own: charts as SVG with colours of their own, images as PNG in the size that the
 * page shows them in, or either as the other.
 */

import { enlargePng } from '../formats/png.js';
import { chartPng } from './chart-pixels.js';
import { escapeText } from './charts.js';
import type { Picture } from './section.js';
import { palettes, standaloneSvg } from './style.js';

/** Formats of such files. */
export const pictureFormats = ['svg', 'png'] as const;

/** See {@link pictureFormats}. */
export type PictureFormat = (typeof pictureFormats)[number];

/** A picture as a file. */
export interface PictureFile {
  /** Name of the file. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An image in an SVG file: its pixels as they are, enlarged by whoever shows it. */
function wrappedImage({ title, alternative }: Picture, { bytes, width, height, scale }: NonNullable<Picture['png']>): string {
  const source = `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escapeText(alternative)}" viewBox="0 0 ${width} ${height}" width="${width * scale}" height="${height * scale}">` +
    `<title>${escapeText(title)}</title><rect width="100%" height="100%" fill="${palettes.light.surface}"/>` +
    `<image width="${width}" height="${height}" style="image-rendering:pixelated" href="${source}"/></svg>\n`
  );
}

/** Units of empty ground around a chart that stands alone. */
const margin = 12;

/** A chart with concrete colours and a margin. */
function chartFile(svg: string): string {
  return standaloneSvg(svg)
    .replace(/viewBox="0 0 (\d+) (\d+)" width="\d+" height="\d+"/, (_, width: string, height: string) => {
      const [wider, higher] = [Number(width) + 2 * margin, Number(height) + 2 * margin];
      return `viewBox="${-margin} ${-margin} ${wider} ${higher}" width="${wider}" height="${higher}"`;
    })
    .replace('<rect width="100%"', `<rect x="${-margin}" y="${-margin}" width="100%"`);
}

/**
 * A picture as files.
 *
 * @param format left out: charts as SVG, images as PNG
 * @returns no file where the picture holds nothing
 */
export function pictureFiles(picture: Picture, format?: PictureFormat): PictureFile[] {
  const { name, svg, png } = picture;
  const file = (ending: PictureFormat, content: Uint8Array | string): PictureFile[] => [
    { name: `${name}.${ending}`, bytes: typeof content === 'string' ? Buffer.from(content, 'utf8') : content },
  ];
  if (png !== undefined) return format === 'svg' ? file('svg', wrappedImage(picture, png)) : file('png', enlargePng(png.bytes, png.scale));
  if (svg === undefined) return [];
  const standalone = chartFile(svg);
  return format === 'png' ? file('png', chartPng(standalone)) : file('svg', standalone);
}
