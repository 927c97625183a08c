/**
 * Diagnostics in a run: they look at every update and change nothing; what they carry survives any interruption.
 */

import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { readCheckpointFile, RunDirectory } from '../../src/checkpoint/run-directory.js';
import { isRbmError } from '../../src/errors.js';
import { diagnostics, type Diagnostic, type DiagnosticContext } from '../../src/diagnostics/index.js';
import { configKeys } from '../../src/run/config-schema.js';
import type { PreparedRun } from '../../src/run/prepare.js';
import { freeEnergiesOf } from '../../src/estimators/free-energies.js';
import { getParameters } from '../../src/model/parameters.js';
import { phaseStatistics } from '../../src/model/phase-statistics.js';
import { streamKey } from '../../src/random/index.js';
import { createChains, fillWithNoise } from '../../src/sampling/gibbs.js';
import { gradientEstimators } from '../../src/training/gradients/index.js';
import { Trainer } from '../../src/training/trainer.js';
import { temporaryFolder } from '../checkpoint/sample.js';
import { outcomeFiles, prepare, smallConfig, train } from './small-run.js';

const root = temporaryFolder();
let count = 0;
const newFolder = (): string => join(root, String(count++));

/** Sums up what it sees; warns at every eleventh update; draws phases, and much else, when it measures. */
function probe(seen: number[] = []): Diagnostic {
  return {
    name: 'probe',
    summary: 'sums up what it sees',
    cost: 'next to nothing',
    byDefault: false,
    keys: [],
    start(context: DiagnosticContext) {
      const sums = new Float64Array(2);
      return {
        tensors: { sums },
        async observe({ negative }) {
          seen.push(context.update());
          const { visible, count: rows } = phaseStatistics(negative, context.model.visibleUnits, context.model.hiddenUnits);
          sums[0] += visible[0] / rows;
          sums[1] += getParameters(context.model).weights[0];
          return context.update() % 11 === 0 ? { message: 'eleven', evidence: { sum: sums[0], none: NaN } } : undefined;
        },
        async measure() {
          const { kernels, model, splits } = context;
          const { negative } = await context.drawPhases(splits.train, 3);
          const chains = createChains(kernels, model, 7);
          await fillWithNoise(kernels, model, chains.visible, streamKey(context.seed, 'diagnostics/probe'));
          const drawn = phaseStatistics(negative, model.visibleUnits, model.hiddenUnits);
          const energies = await freeEnergiesOf(kernels, model, splits.train);
          return { sums: [...sums], drawn: [...drawn.visible], energy: energies[0], learningRate: context.learningRate(), infinite: [1, Infinity] };
        },
      };
    },
  };
}

const withProbe = (prepared: PreparedRun, every: number | undefined, seen?: number[]): PreparedRun => ({
  ...prepared,
  diagnostics: { ...prepared.diagnostics, wanted: [{ diagnostic: probe(seen), every, settings: {} }] },
});

/** The small run with any algorithm; declared units, averaging and missing values have their own tests. */
function configOf(algorithm: string): object {
  const { k: _k, chains: _chains, ...others } = smallConfig.training;
  const { usesGibbsSteps, usesPersistentChains } = gradientEstimators.find(({ name }) => name === algorithm) ?? {};
  return { ...smallConfig, training: { ...others, algorithm, ...(usesGibbsSteps && { k: 2 }), ...(usesPersistentChains && { chains: 6 }) } };
}

const events = (metrics: string): Record<string, unknown>[] =>
  metrics.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);

describe.each(gradientEstimators.map(({ name }) => name))('%s', (algorithm) => {
  const config = configOf(algorithm);

  test('is trained to the same digest by the same updates, looked at or not', async () => {
    const [plain, looked] = [newFolder(), newFolder()];
    const prepared = await prepare(config);
    await train({ ...prepared, diagnostics: { ...prepared.diagnostics, wanted: [] } }, plain);
    const seen: number[] = [];
    await train(withProbe(await prepare(config), 2, seen), looked);
    expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    const [one, other] = [plain, looked].map((folder) => readCheckpointFile(new RunDirectory(folder).checkpoint(30)));
    expect(other.parameters.weights).toEqual(one.parameters.weights);
    expect(Object.fromEntries(other.state)).toEqual(Object.fromEntries(one.state));
    const figures = (folder: string): object[] =>
      events(outcomeFiles(folder).metrics).filter(({ event }) => event === 'evaluation').map((event) => ({ ...event, diagnostics: undefined }));
    expect(figures(looked)).toEqual(figures(plain));
  });

  test('interrupted anywhere: the same figures and warnings', async () => {
    const straight = newFolder();
    await train(withProbe(await prepare(config), 2), straight);
    const folder = newFolder();
    for (const update of [1, 8, 11, 22, 28]) {
      await train(withProbe(await prepare(config), 2), folder, (event) => event.type === 'update' && event.update === update);
    }
    await train(withProbe(await prepare(config), 2), folder);
    expect(outcomeFiles(folder)).toEqual(outcomeFiles(straight));
  });

  test('phases are drawn for any examples, as often as asked, alike for a replica and otherwise apart, and change nothing', async () => {
    const { kernels, config: resolved, parameters, dataset } = await prepare(config);
    const make = (): Promise<Trainer> => Trainer.create(kernels, resolved.training, parameters, dataset.splits.train, resolved.seed);
    const [trainer, untouched] = [await make(), await make()];
    const examples = dataset.splits.train.states;
    const draw = async (replica: number): Promise<number[]> => {
      const { negative, positive } = await trainer.drawPhases(examples, replica);
      const [data, model] = [positive, negative].map((phase) => phaseStatistics(phase, 9, 4));
      expect(data.count).toBe(10);
      return [...model.visible, ...model.products];
    };
    for (let update = 0; update < 5; update++) {
      const first = await draw(0);
      const second = await draw(1);
      expect(await draw(0)).toEqual(first);
      const isRandom = gradientEstimators.find(({ name }) => name === algorithm)?.usesGibbsSteps === true;
      expect(String(second) !== String(first)).toBe(isRandom);
      await trainer.step();
      await untouched.step();
      expect(getParameters(trainer.model).weights).toEqual(getParameters(untouched.model).weights);
      expect(trainer.gradientTensors()).toEqual(untouched.gradientTensors());
    }
  });
});

describe('metrics', () => {
  test('have the figures at evaluations, or at updates of their own; every warning at its update; nothing that is not finite', async () => {
    const [atEvaluations, ofItsOwn] = [newFolder(), newFolder()];
    const { outcome, events: reported } = await train(withProbe(await prepare(smallConfig), undefined), atEvaluations);
    const lines = events(outcomeFiles(atEvaluations).metrics);
    expect(lines.map(({ event, update }) => [event, update])).toEqual([
      ['evaluation', 0], ['evaluation', 7], ['warning', 11], ['evaluation', 14], ['evaluation', 21], ['warning', 22], ['evaluation', 28], ['evaluation', 30],
    ]);
    const [first] = lines as { diagnostics: { probe: object } }[];
    expect(Object.keys(first.diagnostics.probe)).toEqual(['sums', 'drawn', 'energy', 'learningRate']);
    expect(first.diagnostics.probe).toMatchObject({ learningRate: 0.1 });
    expect(lines[2]).toMatchObject({ epoch: 11 / 3, diagnostic: 'probe', message: 'eleven' });
    expect(Object.keys(lines[2].evidence as object)).toEqual(['sum']);
    expect(reported.filter(({ type }) => type === 'warning').map((event) => 'message' in event && event.message)).toEqual(['update 11: eleven', 'update 22: eleven']);
    if (outcome.status !== 'finished') throw new Error('it did not finish');
    expect(outcome.result.diagnostics).toEqual(lines.at(-1)?.diagnostics);

    await train(withProbe(await prepare(smallConfig), 10), ofItsOwn);
    expect(events(outcomeFiles(ofItsOwn).metrics).map(({ event, update, diagnostics: found }) => [event, update, found !== undefined])).toEqual([
      ['evaluation', 0, true], ['evaluation', 7, false], ['diagnostics', 10, true], ['warning', 11, false], ['evaluation', 14, false],
      ['diagnostics', 20, true], ['evaluation', 21, false], ['warning', 22, false], ['evaluation', 28, false], ['diagnostics', 30, true],
      ['evaluation', 30, true],
    ]);
  });

  test('a run whose checkpoint has nothing of a diagnostic goes on, and says that it starts afresh', async () => {
    const folder = newFolder();
    await train(await prepare(smallConfig, ['training.updates=13']), folder);
    const { events: reported } = await train(withProbe(await prepare(smallConfig), undefined), folder);
    expect(reported.flatMap((event) => (event.type === 'warning' ? [event.message] : []))).toEqual([
      'nothing of diagnostics.probe up to update 13 was saved: it starts afresh there',
      'update 22: eleven',
    ]);
  });
});

describe('the config', () => {
  const section = configKeys.find(({ name }) => name === 'diagnostics');
  const keysOf = (name: string): readonly string[] => {
    const own = section?.type.kind === 'object' ? section.type.keys.find((key) => key.name === name) : undefined;
    return own?.type.kind === 'object' ? own.type.keys.map((key) => key.name) : [];
  };

  test.each(diagnostics)('has a section for $name', ({ name, keys, summary, cost }) => {
    expect(keysOf(name)).toEqual(['every', ...keys.map((key) => key.name)]);
    expect(summary).not.toBe('');
    expect(cost).not.toBe('');
  });

  test('those that are not asked for are not there, and any can be switched off', async () => {
    const { diagnostics: { wanted } } = await prepare(smallConfig);
    expect(wanted.map(({ diagnostic }) => diagnostic.byDefault)).toEqual(wanted.map(() => true));
    const off = diagnostics.map(({ name }) => `diagnostics.${name}.every=never`);
    expect((await prepare(smallConfig, off)).diagnostics.wanted).toEqual([]);
  });

  test('one that has nothing to say of such a training is refused where it was asked for', async () => {
    for (const { name, byDefault, refuse } of diagnostics) {
      const training = { ...smallConfig.training, algorithm: 'pseudo-likelihood', k: undefined, chains: undefined };
      const prepared = await prepare({ ...smallConfig, training });
      const refusal = refuse?.(prepared.diagnostics.training, {});
      if (refusal === undefined || byDefault) continue;
      const failure = await prepare({ ...smallConfig, training, diagnostics: { [name]: { every: 'evaluations' } } }).catch((error: unknown) => error);
      if (!isRbmError(failure)) throw failure;
      expect(failure).toMatchObject({ code: 'usage', hint: refusal.hint });
      expect(failure.message).toContain(`diagnostics.${name}: ${refusal.message}`);
    }
  });
});

test('no diagnostic changes the config hash', async () => {
  const plain = await prepare(smallConfig);
  const others = await prepare(smallConfig, diagnostics.map(({ name }) => `diagnostics.${name}.every=never`));
  expect(others.identity.configHash).toBe(plain.identity.configHash);
});
