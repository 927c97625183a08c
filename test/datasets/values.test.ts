import { expect, test } from '@jest/globals';

import { canonicalHash, parseConfig, relevantConfig } from '../../src/config/index.js';
import { configKeys } from '../../src/run/config-schema.js';

const resolve = async (data: object) => {
  const text = JSON.stringify({ data: { source: 'bars-and-stripes', ...data }, model: { hiddenUnits: 2 }, training: { algorithm: 'cd', epochs: 1 } });
  return (await parseConfig(configKeys, { text, file: 'config.json', directory: '/', workingDirectory: '/' })).config;
};

test('a config that does not speak of kinds of values, of missing ones or of standardizing stays silent', async () => {
  expect(Object.keys((await resolve({})).data as object).toSorted()).toEqual(['binarize', 'duplicates', 'height', 'invert', 'seed', 'shuffle', 'source', 'width']);
});

test('they decide the data, and so enter through the fingerprint, not through the config hash', async () => {
  const configs = await Promise.all([{}, { values: 'real', standardize: 'global' }, { values: 'categorical', missing: 'nan' }].map(resolve));
  const hashes = configs.map((config) => canonicalHash(relevantConfig(configKeys, config, ['result'])));
  expect(new Set(hashes).size).toBe(1);
});
