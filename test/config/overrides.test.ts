/** `--set`: typed by the key, checked like the file, put over it. */

import { describe, expect, test } from '@jest/globals';
import { config, errorOf, good, messageOf, parse } from './helpers.js';

const sml = '{data: {source: "bars", width: 3}, training: {algorithm: "sml", k: 5, chains: 100, epochs: 3}}';

describe('a value', () => {
  test.each<[string, string, unknown]>([
    ['training.epochs=5', 'training.epochs', 5],
    ['training.batchSize=full', 'training.batchSize', 'full'],
    ['training.batchSize="full"', 'training.batchSize', 'full'],
    ['training.batchSize= 7 ', 'training.batchSize', 7],
    ['checkpoint.best=false', 'checkpoint.best', false],
    ['checkpoint.every={epochs: 5}', 'checkpoint.every', { epochs: 5 }],
    ['checkpoint.every.updates=5', 'checkpoint.every', { updates: 5 }],
    ['training.learningRate=.1', 'training.learningRate', 0.1],
    ["training.learningRate={schedule: 'inverse', initial: 1, horizon: {epochs: 2}}", 'training.learningRate', { schedule: 'inverse', initial: 1, horizon: { epochs: 2 } }],
    ['data.shape=[2, 3,]', 'data.shape', [2, 3]],
    ['data.validation={}', 'data.validation', {}],
    ['seed=007', 'seed', '007'],
    ['seed=a=b', 'seed', 'a=b'],
    ['seed="quoted"', 'seed', '"quoted"'],
    ['seed=', 'seed', ''],
    ['seed=null', 'seed', 'null'],
    ['output=runs/new one', 'output', '/work/runs/new one'],
  ])('%s', (override, path, value) => {
    expect(config(good, [override])).toHaveProperty(path, value);
  });

  test('the last one of a key wins, and the file is found where it is not overridden', () => {
    const loaded = parse(good, ['training.k=2', 'training.k=3']);
    expect(loaded.config).toHaveProperty('training.k', 3);
    expect(loaded.locate('training.k')).toBe('--set training.k=3');
    expect(loaded.frame('training.k')).toBeUndefined();
    expect(loaded.locate('training.epochs')).toMatch(/^run\.json:1:\d+$/);
  });

  test('works on YAML as well', () => {
    expect(config('data: {source: bars}\ntraining: {algorithm: cd, epochs: 3}\n', ['training.epochs=9'], 'a.yaml')).toHaveProperty('training.epochs', 9);
  });

  test('makes the objects on its way, several together', () => {
    const set = ['training.learningRate.schedule=linear', 'training.learningRate.initial=1', 'training.learningRate.final=0', 'training.learningRate.horizon.updates=9'];
    expect(config(good, set)).toHaveProperty('training.learningRate', { schedule: 'linear', initial: 1, final: 0, horizon: { updates: 9 } });
    expect(config('{}', ['data.source=bars', 'training.algorithm=cd', 'training.updates=1'])).toHaveProperty('training.updates', 1);
  });
});

describe('what an override replaces', () => {
  test('the other keys of its group', () => {
    const { training } = config(good, ['training.updates=10']);
    expect(training).toHaveProperty('updates', 10);
    expect(training).not.toHaveProperty('epochs');
    const text = '{data: {source: "bars", validation: {count: 5}}, training: {algorithm: "cd", epochs: 3}}';
    expect(config(text, ['data.validation.fraction=.5'])).toHaveProperty('data.validation', { fraction: 0.5 });
  });

  test('not another override of its group', () => {
    expect(messageOf(good, ['training.updates=1', 'training.epochs=2'])).toContain('--set training.epochs=2: training.epochs: exactly one of');
  });

  test('keys of the file that it makes inapplicable', () => {
    expect(config(sml, ['training.algorithm=exact']).training).toEqual({
      algorithm: 'exact',
      epochs: 3,
      batchSize: 100,
      learningRate: 0.05,
      weightDecay: { l2: 0 },
    });
    expect(config(sml, ['data.source=file', 'data.path=x']).data).toEqual({ source: 'file', path: '/work/x' });
    // A row of the same name applies with the new source: the file's value stays.
    expect(config(sml, ['data.source=shifter']).data).toEqual({ source: 'shifter', width: 3 });
  });

  test('but not those that another override names, nor those that were wrong before', () => {
    expect(messageOf(sml, ['training.algorithm=cd', 'training.chains=4'])).toContain('--set training.chains=4: training.chains: applies only with');
    expect(messageOf(sml.replace('sml', 'cd'), ['training.k=2'])).toContain('training.chains: applies only with');
  });

  test('a wrong value of the file', () => {
    expect(config(good.replace('3', '"x"'), ['training.epochs=4'])).toHaveProperty('training.epochs', 4);
  });
});

describe('mistakes', () => {
  test.each<[string, string]>([
    ['training.epochs=x', '--set training.epochs=x: training.epochs: expected an integer ≥ 0; found the string "x"'],
    ['training.epochs=-1', '--set training.epochs=-1: training.epochs: expected an integer ≥ 0; found -1'],
    ['training.epochs=', '--set training.epochs=: expected a value, found the end of the text'],
    ['training.epochs=[1', '--set training.epochs=[1: expected "," or "]", found the end of the text'],
    ['training.epochs=1 2', 'expected the end of the config, found "2"'],
    ['training.epochs=null', 'has no value (null)'],
    ['training.epochs=5x', '5x is not a number'],
    ['training.epoch=5', '--set training.epoch=5: training.epoch: unknown key; did you mean "epochs"?'],
    ['epochs=5', 'epochs: unknown key here; did you mean "training.epochs"?'],
    ['trainig.epochs=5', 'trainig: unknown key; did you mean "training"?'],
    ['training.k.x=5', 'training.k has no keys of its own; it is an integer ≥ 1'],
    ['data.shape.0=5', 'data.shape has no keys of its own; it is a list of length 2'],
    ['__proto__.x=5', '__proto__: unknown key'],
    ['training.algorithm=cdd', '--set training.algorithm=cdd: training.algorithm: expected "cd", "sml" or "exact"; found the string "cdd"; did you mean "cd"?'],
    ['training', '--set training: expected key=value, such as training.epochs=5'],
    ['=5', 'expected key=value'],
    ['training..k=5', 'expected key=value'],
    ['', 'expected key=value'],
    ['\u001b[31m=5', '\\u001b[31m: unknown key'],
  ])('%j', (override, message) => {
    const error = errorOf(() => parse(good, [override]));
    expect(error.code).toBe('usage');
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/^--set /);
    expect(error.frame).toBeUndefined();
  });

  test('come after those of the file, in their order', () => {
    const message = messageOf(good.replace('3', '-3'), ['training.k=0', 'x=1']);
    const lines = message.split('\n').filter((line) => /^(?:run|--set|\d)/.test(line));
    expect(lines.map((line) => line.slice(0, 7))).toEqual(['run.jso', '--set t', '--set x', '3 probl']);
  });
});
