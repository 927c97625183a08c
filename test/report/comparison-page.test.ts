/** The page of a comparison: self-contained, the numbers in it, names escaped, no chart without points. */

import { describe, expect, test } from '@jest/globals';

import { compareRuns, type ComparedRun } from '../../src/report/comparison.js';
import { comparisonHtml } from '../../src/report/comparison-page.js';
import type { MeasuredEvent } from '../../src/report/run-record.js';

function run(group: string, seed: string, values: readonly number[], gibbsSteps: number, bias?: number): ComparedRun {
  const events = values.map((value, index): MeasuredEvent => ({
    update: index * 100,
    epoch: index,
    splits: { test: { meanLogLikelihood: value } as never },
    ...(bias !== undefined && { diagnostics: { gradientAccuracy: { relativeBias: bias } } }),
  }));
  const last = values[values.length - 1];
  return {
    group,
    seed,
    path: `runs/${group}-${seed}`,
    algorithm: 'cd',
    updates: 200,
    gibbsSteps: (updates) => gibbsSteps * updates,
    events,
    warnings: group === 'b' ? [{ update: 100, diagnostic: 'mixing', message: 'the chains <no longer> follow', evidence: {} }] : [],
    energies: Float64Array.of(-last, -last),
    logPartitionFunction: { estimator: 'exact', logZ: 0, interval: [0, 0], exact: true, verdict: { status: 'exact', reasons: [], advice: [] }, evidence: {} },
  };
}

const texts = { data: 'numbers', source: 'exact log Z', intervals: ['95 % intervals are over the seeds.'], command: "rbm-train compare a.json '<b>.json'" };
const page = async (runs: readonly ComparedRun[]): Promise<string> => comparisonHtml(compareRuns(runs, 'a', 'test', 'log-likelihood'), texts);

const runs = [
  run('a', '1', [-9, -5, -3.25], 3, 0.5),
  run('a', '2', [-9, -5, -3.75], 3, 0.25),
  run('b', '1', [-9, -6, -4], 30),
  run('<script>alert(1)</script>', '1', [-9, -7, -8], 0),
];

describe('the page', () => {
  test('shows the figures of every group, and what was warned of', async () => {
    const html = await page(runs);
    // −3.5 ± 0.3536 over two seeds; the difference is −0.5.
    expect(html).toContain('−3.5000 ± 0.3536');
    expect(html).toMatch(/<th scope="row">b<\/th><td>1<\/td><td>−4\.0000<\/td><td>−0\.5000 \(−0\.5000 … −0\.5000\)<\/td>/);
    expect(html).toContain('While training b (seed 1 at update 100): the chains &#60;no longer&#62; follow');
    expect(html).toContain('rbm-train compare a.json &#39;&#60;b&#62;.json&#39;');
  });

  test('is escaped, and loads nothing', async () => {
    const html = await page(runs);
    expect(html).not.toContain('<script>alert');
    expect(html).toContain("default-src 'none'");
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/(?:src|href)="(?!#|data:)|url\(|https?:/);
  });

  test('has curves against updates and Gibbs steps, the latter without those that take none', async () => {
    const html = await page(runs);
    expect(html).toContain('id="picture-likelihood-by-updates"');
    expect(html).toContain('id="picture-likelihood-by-gibbs-steps"');
    expect(html).toContain('Not here, since without Gibbs steps: &#60;script&#62;alert(1)&#60;/script&#62;.');
    expect(html).toContain('id="picture-gradient-accuracy-relative-bias"');
    expect(html).not.toContain('id="picture-spurious-mass');
  });

  test('has no charts where there is nothing to draw', async () => {
    const html = await page([run('a', '1', [-3], 0), run('b', '1', [-4], 0)].map((one) => ({ ...one, events: [] })));
    expect(html).not.toContain('<svg');
    expect(html).toContain('−1.0000');
  });
});
