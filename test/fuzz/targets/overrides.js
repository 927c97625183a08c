/** `--set key=value`, one a line, over a valid config. */

import { parseConfig } from '../../../dist/config/index.js';
import { RbmError } from '../../../dist/errors.js';
import { configKeys } from '../../../dist/run/config-schema.js';

const text = "{ data: { source: 'bars-and-stripes', height: 3, width: 3 }, model: { hiddenUnits: 4 }, training: { algorithm: 'cd', epochs: 1 } }";

const paths = ['training.epochs', 'training.updates', 'training.k', 'model.hiddenUnits', 'seed', 'output', 'data.source', 'data.validation.count', 'data', 'training.learningRate', 'training.learningRate.schedule', 'checkpoint.every', 'checkpoint.every.seconds', 'data.shape', 'evaluation.every', 'execution.threads'];
const values = ['1', '5', '0.1', 'never', 'mnist', 'auto', '{ epochs: 2 }', '[28, 28]', 'true', 'null', '"quoted"', 'a b', '../x', '1e3', 'sml', 'full'];

const settings = ['training.epochs=5', 'training.updates=7', 'model.hiddenUnits=9', 'seed=x', 'seed=007', 'output=../o', 'data.validation.count=2', 'training.learningRate=0.1', 'training.algorithm=sml', 'checkpoint.every={ seconds: 5 }', 'evaluation.every=never', 'execution.threads=auto', 'training.k=2', 'training.batchSize=full'];

/** @type {import('./index.js').Target} */
export const overrides = {
  name: 'overrides',
  codes: ['usage'],
  generate(draw) {
    const lines = Array.from({ length: draw.integer(1, 4) }, () => draw.chance(0.7) ? draw.lie(draw.pick(settings)) : `${draw.lie(draw.pick(paths))}${draw.lie('=', ['', '==', ' = ', ':'])}${draw.lie(draw.pick(values))}`);
    return { bytes: Buffer.from(draw.list(lines).join('\n')) };
  },
  run(bytes) {
    const set = bytes.toString('utf8').split('\n').slice(0, 50);
    try {
      return parseConfig(configKeys, { text, file: 'config.json', directory: '/d', set, workingDirectory: '/w' }).config;
    } catch (error) {
      if (error?.name !== 'RbmError') throw error;
      // Several problems are a message of several lines.
      const [first, ...rest] = error.message.split('\n');
      throw new RbmError(error.code, first, { hint: error.hint, frame: [...rest, error.frame ?? ''].join('\n').slice(0, 2400) });
    }
  },
  check(config) {
    if (Object.prototype.polluted !== undefined || Object.getPrototypeOf(config) !== Object.prototype) return 'has another prototype';
    const json = JSON.stringify(config);
    return JSON.stringify(JSON.parse(json)) === json ? undefined : 'is no JSON value';
  },
};
