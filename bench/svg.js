/**
 * Line plots with logarithmic axes as hand-made SVG, readable on light and on dark pages.
 */

const width = 720;
const height = 440;
const margin = { left: 76, right: 190, top: 44, bottom: 56 };
const plotWidth = width - margin.left - margin.right;
const plotHeight = height - margin.top - margin.bottom;

/** Colours that stand out on white and on black; neighbours also differ by their dashes. */
const colours = ['#d9480f', '#868e96', '#1971c2', '#4dabf7', '#2f9e44', '#94d82d'];
const dashes = ['', '', '6 3', '2 3', '6 3', '2 3'];

const style = `
  text { font: 12px system-ui, sans-serif; fill: #212529; }
  .title { font-size: 15px; font-weight: 600; }
  .axis { stroke: #495057; fill: none; }
  .grid { stroke: #868e96; stroke-opacity: 0.25; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e9ecef; }
    .axis { stroke: #adb5bd; }
  }`;

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
const round = (value) => value.toFixed(1);

/** Ticks 1, 2, 5 × 10^k within the range, fewer where it spans many decades. */
function ticks(minimum, maximum) {
  const multiples = Math.log10(maximum / minimum) > 2.5 ? [1] : [1, 2, 5];
  const all = [];
  for (let power = Math.floor(Math.log10(minimum)); power <= Math.ceil(Math.log10(maximum)); power++) {
    for (const multiple of multiples) all.push(multiple * 10 ** power);
  }
  return all.filter((value) => value >= minimum * 0.999 && value <= maximum * 1.001);
}

/** Where a value lies on an axis, 0 to 1. */
function logScale(minimum, maximum) {
  const from = Math.log(minimum);
  const span = Math.log(maximum) - from || 1;
  return (value) => (Math.log(value) - from) / span;
}

const tickLabel = (value) => (value >= 1 ? value.toLocaleString('en') : String(Number(value.toPrecision(3))));

/** Moves labels apart that would overlap; keeps their order. */
function spreadLabels(positions, distance) {
  const order = positions.map((_, index) => index).toSorted((a, b) => positions[a] - positions[b]);
  const result = [...positions];
  for (let index = 1; index < order.length; index++) {
    result[order[index]] = Math.max(result[order[index]], result[order[index - 1]] + distance);
  }
  return result;
}

/**
 * @param {object} plot
 * @param {string} plot.title
 * @param {string} plot.xLabel
 * @param {string} plot.yLabel
 * @param {{name: string, points: [number, number][]}[]} plot.series positive values, x ascending
 * @param {number[]} [plot.xTicks] where not 1, 2, 5 × 10^k
 * @returns {string} an SVG document
 */
export function logLogPlot({ title, xLabel, yLabel, series, xTicks }) {
  const points = series.flatMap((line) => line.points);
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [xMinimum, xMaximum] = [Math.min(...xs), Math.max(...xs)];
  const [yMinimum, yMaximum] = [Math.min(...ys) / 1.3, Math.max(...ys) * 1.3];
  const xScale = logScale(xMinimum, xMaximum);
  const yScale = logScale(yMinimum, yMaximum);
  const x = (value) => margin.left + plotWidth * xScale(value);
  const y = (value) => margin.top + plotHeight * (1 - yScale(value));
  const bottom = margin.top + plotHeight;
  const right = margin.left + plotWidth;

  const parts = [
    `<text class="title" x="${margin.left}" y="24">${escape(title)}</text>`,
    `<text x="${margin.left + plotWidth / 2}" y="${height - 14}" text-anchor="middle">${escape(xLabel)}</text>`,
    `<text transform="translate(18 ${margin.top + plotHeight / 2}) rotate(-90)" text-anchor="middle">${escape(yLabel)}</text>`,
  ];
  for (const value of xTicks ?? ticks(xMinimum, xMaximum)) {
    parts.push(`<path class="grid" d="M${round(x(value))} ${margin.top}V${bottom}"/>`);
    parts.push(`<text x="${round(x(value))}" y="${bottom + 18}" text-anchor="middle">${tickLabel(value)}</text>`);
  }
  for (const value of ticks(yMinimum, yMaximum)) {
    parts.push(`<path class="grid" d="M${margin.left} ${round(y(value))}H${right}"/>`);
    parts.push(`<text x="${margin.left - 8}" y="${round(y(value) + 4)}" text-anchor="end">${tickLabel(value)}</text>`);
  }
  parts.push(`<path class="axis" d="M${margin.left} ${margin.top}V${bottom}H${right}"/>`);

  // Every line is named at its end, in the order of the lines there.
  const labels = spreadLabels(series.map((line) => y(line.points.at(-1)[1])), 16);
  series.forEach((line, index) => {
    const colour = colours[index % colours.length];
    const dash = dashes[index % dashes.length];
    const path = line.points.map(([px, py], point) => `${point === 0 ? 'M' : 'L'}${round(x(px))} ${round(y(py))}`).join('');
    parts.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="${index === 0 ? 3 : 1.8}"${dash && ` stroke-dasharray="${dash}"`}/>`);
    for (const [px, py] of line.points) parts.push(`<circle cx="${round(x(px))}" cy="${round(y(py))}" r="3" fill="${colour}"/>`);
    const [lastX, lastY] = line.points.at(-1);
    const labelX = right + 26;
    parts.push(`<path d="M${round(x(lastX) + 5)} ${round(y(lastY))}L${labelX - 4} ${round(labels[index])}" stroke="${colour}" stroke-opacity="0.5" fill="none"/>`);
    parts.push(`<text x="${labelX}" y="${round(labels[index] + 4)}">${escape(line.name)}</text>`);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}"><style>${style}\n</style>\n${parts.join('\n')}\n</svg>\n`;
}
