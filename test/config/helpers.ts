/** A small schema table with every feature of the real one, and ways to see what a config becomes. */

import { type LoadedConfig, parseConfig } from '../../src/config/index.js';
import { extentKind, type SchemaKey } from '../../src/config/schema.js';
import type { RbmError } from '../../src/errors.js';

export const keys: readonly SchemaKey[] = [
  { name: '$schema', meaning: 'for editors', type: { kind: 'string' }, relevance: 'execution' },
  {
    name: 'seed',
    meaning: 'seed of training',
    type: { kind: 'oneOf', options: [{ kind: 'string' }, { kind: 'integer' }] },
    default: '1',
  },
  { name: 'output', meaning: 'run directory', type: { kind: 'path' }, relevance: 'execution' },
  {
    name: 'data',
    meaning: 'the examples',
    required: true,
    relevance: 'data',
    type: {
      kind: 'object',
      keys: [
        { name: 'source', meaning: 'origin', type: { kind: 'choice', values: ['file', 'bars', 'shifter'] }, required: true },
        { name: 'path', meaning: 'the file', type: { kind: 'path' }, required: true, onlyWith: { key: 'source', values: ['file'] } },
        { name: 'width', meaning: 'of pictures', type: { kind: 'integer', minimum: 1 }, default: 4, onlyWith: { key: 'source', values: ['bars'] } },
        { name: 'width', meaning: 'of patterns', type: { kind: 'integer', maximum: 9 }, default: 8, onlyWith: { key: 'source', values: ['shifter'] } },
        { name: 'shape', meaning: '[height, width]', type: { kind: 'list', of: { kind: 'integer', minimum: 1 }, minimumLength: 2, maximumLength: 2 } },
        {
          name: 'validation',
          meaning: 'held out',
          type: {
            kind: 'object',
            keys: [
              { name: 'count', meaning: 'rows', type: { kind: 'integer', minimum: 1 } },
              { name: 'fraction', meaning: 'share', type: { kind: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 } },
            ],
            atMostOneOf: ['count', 'fraction'],
          },
        },
      ],
    },
  },
  {
    name: 'training',
    meaning: 'how to train',
    required: true,
    relevance: 'result',
    type: {
      kind: 'object',
      exactlyOneOf: ['epochs', 'updates'],
      keys: [
        { name: 'algorithm', meaning: 'negative phase', type: { kind: 'choice', values: ['cd', 'sml', 'exact'], meanings: ['contrastive divergence', 'persistent | chains', 'by enumeration'] }, required: true },
        { name: 'k', meaning: 'Gibbs steps', type: { kind: 'integer', minimum: 1 }, default: 1, onlyWith: { key: 'algorithm', values: ['cd', 'sml'] } },
        { name: 'chains', meaning: 'number of chains', type: { kind: 'integer', minimum: 1 }, required: true, onlyWith: { key: 'algorithm', values: ['sml'] } },
        { name: 'epochs', meaning: 'passes', type: { kind: 'integer', minimum: 0 }, relevance: 'length' },
        { name: 'updates', meaning: 'updates', type: { kind: 'integer', minimum: 0 }, relevance: 'length' },
        { name: 'batchSize', meaning: 'examples', type: { kind: 'oneOf', options: [{ kind: 'integer', minimum: 1 }, { kind: 'choice', values: ['full'] }] }, default: 100 },
        {
          name: 'learningRate',
          meaning: 'step size',
          default: 0.05,
          type: {
            kind: 'oneOf',
            options: [
              { kind: 'number', minimum: 0 },
              {
                kind: 'object',
                keys: [
                  { name: 'schedule', meaning: 'how it changes', type: { kind: 'choice', values: ['linear', 'inverse'] }, required: true },
                  { name: 'initial', meaning: 'first value', type: { kind: 'number', minimum: 0 }, required: true },
                  { name: 'final', meaning: 'last value', type: { kind: 'number', minimum: 0 }, required: true, onlyWith: { key: 'schedule', values: ['linear'] } },
                  { name: 'horizon', meaning: 'when', type: extentKind(), required: true },
                ],
              },
            ],
          },
        },
        {
          name: 'weightDecay',
          meaning: 'penalties',
          type: { kind: 'object', keys: [{ name: 'l2', meaning: 'λ', type: { kind: 'number', minimum: 0 }, default: 0 }] },
        },
      ],
    },
  },
  {
    name: 'checkpoint',
    meaning: 'when to save',
    relevance: 'execution',
    type: {
      kind: 'object',
      keys: [
        { name: 'every', meaning: 'how often', type: extentKind({ seconds: true }), default: { seconds: 30 } },
        { name: 'best', meaning: 'keep the best', type: { kind: 'boolean' }, default: true },
      ],
    },
  },
];

/** A config without problems, as JSON. */
export const good = '{"data": {"source": "bars"}, "training": {"algorithm": "cd", "epochs": 3}}';

export function parse(text: string, set: readonly string[] = [], file = 'run.json', table = keys): LoadedConfig {
  return parseConfig(table, { text, file, directory: '/configs', set, workingDirectory: '/work' });
}

export function config(text: string, set: readonly string[] = [], file = 'run.json'): Record<string, unknown> {
  return parse(text, set, file).config;
}

/** The error that `action` throws; fails where it throws none, or another kind. */
export function errorOf(action: () => unknown): RbmError {
  try {
    action();
  } catch (error) {
    if ((error as RbmError).name === 'RbmError') return error as RbmError;
    throw error;
  }
  throw new Error('nothing was thrown');
}

export function messageOf(text: string, set: readonly string[] = [], file = 'run.json'): string {
  return errorOf(() => parse(text, set, file)).message;
}

/** `ok` where `action` returns, else the error's name and message in one line of text. */
export function outcomeOf(action: () => unknown): string {
  try {
    action();
    return 'ok';
  } catch (error) {
    return `${(error as Error).name} ${(error as Error).message}`;
  }
}
