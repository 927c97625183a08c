/**
 * The files that are made from the schema table, and committed: for editors, and for people.
 */

import { documentKeys, jsonSchema } from '../config/index.js';
import { configKeys } from './config-schema.js';

/** Names (from the project's root) and contents. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const schema = jsonSchema(configKeys, { title: 'Config of rbm-train' });
  const keys =
    '# Keys of a config\n\nMade from the schema table by `npm run generate`; the same text in the terminal: `rbm-train help config`.\n\n' +
    `${documentKeys(configKeys, { markdown: true })}\n`;
  return new Map([
    ['schema.json', `${JSON.stringify(schema, undefined, 2)}\n`],
    ['configs/KEYS.md', keys],
  ]);
}
