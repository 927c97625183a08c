/** The table of a run's metrics: paths of figures, and CSV that another parser reads back. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { csvText, metricsTable } from '../../src/report/metrics-table.js';
import type { MeasuredEvent } from '../../src/report/run-record.js';

/** Reads CSV by a grammar of its own: fields in quotes, doubled quotes, any line ending. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let rest = text;
  while (rest !== '') {
    const row: string[] = [];
    for (;;) {
      const quoted = /^"((?:[^"]|"")*)"/.exec(rest);
      const plain = /^[^,\r\n"]*/.exec(rest);
      const matched = quoted ?? plain;
      if (matched === null) throw new Error(rest);
      row.push(quoted === null ? matched[0] : quoted[1].replaceAll('""', '"'));
      rest = rest.slice(matched[0].length);
      const separator = /^(?:,|\r?\n)/.exec(rest);
      if (separator === null) throw new Error(`after a field: ${rest}`);
      rest = rest.slice(separator[0].length);
      if (separator[0] !== ',') break;
    }
    rows.push(row);
  }
  return rows;
}

const events: MeasuredEvent[] = [
  {
    update: 0,
    epoch: 0,
    splits: { train: { examples: 3, meanLogLikelihood: -1.1, logLikelihoodInterval: [-1.2, -1], exact: true, meanFreeEnergy: 0.1, meanReconstructionError: 1, pseudoLikelihoodExamples: 3 } },
    learningRate: 0.1,
    diagnostics: { fit: { moments: { modelSource: 'chains', visible: 1e-300 }, singularValues: [3, 2.5] } },
  },
  { update: 7, epoch: 7 / 3, diagnostics: { spurious: { modes: [{ probability: 0.25 }] } } },
];

describe('the table', () => {
  test('has a row for every event and a column for every figure, by its path', () => {
    const { columns, rows } = metricsTable(events);
    expect(columns).toEqual([
      'update',
      'epoch',
      'splits.train.examples',
      'splits.train.meanLogLikelihood',
      'splits.train.logLikelihoodInterval[0]',
      'splits.train.logLikelihoodInterval[1]',
      'splits.train.exact',
      'splits.train.meanFreeEnergy',
      'splits.train.meanReconstructionError',
      'splits.train.pseudoLikelihoodExamples',
      'learningRate',
      'diagnostics.fit.moments.modelSource',
      'diagnostics.fit.moments.visible',
      'diagnostics.fit.singularValues[0]',
      'diagnostics.fit.singularValues[1]',
      'diagnostics.spurious.modes[0].probability',
    ]);
    expect(rows.map((row) => row.get('update'))).toEqual([0, 7]);
    expect(Object.fromEntries(rows[1])).toEqual({ update: 7, epoch: 7 / 3, 'diagnostics.spurious.modes[0].probability': 0.25 });
  });

  test('of nothing has its first columns', () => {
    expect(csvText(metricsTable([]))).toBe('update,epoch\n');
  });
});

describe('CSV', () => {
  test('is read back: every number to its last digit, every figure in its place', () => {
    const table = metricsTable(events);
    const [names, ...rows] = parseCsv(csvText(table));
    expect(names).toEqual(table.columns);
    rows.forEach((row, index) => {
      const given = Object.fromEntries(names.map((name, column) => [name, row[column]] as const).filter(([, text]) => text !== ''));
      const expected = [...table.rows[index]].map(([name, cell]) => [name, String(cell)]);
      expect(given).toEqual(Object.fromEntries(expected));
    });
    expect(Number(rows[1][1])).toBe(7 / 3);
    expect(Number(rows[0][names.indexOf('diagnostics.fit.moments.visible')])).toBe(1e-300);
  });

  test('holds any names and words', () => {
    const word = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', ';', 'é'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(word, word, fc.double({ noNaN: true, noDefaultInfinity: true }), (name, text, number) => {
        const table = metricsTable([{ update: 1, epoch: 1, algorithm: { [name]: text, number } }]);
        const [, row] = parseCsv(csvText(table));
        expect(row.slice(2).includes(text)).toBe(true);
        expect(row.slice(2).some((field) => Number(field) === number)).toBe(true);
      }),
    );
  });
});
