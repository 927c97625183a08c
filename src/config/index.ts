/**
 * The config room: one schema table in, validated configs, hashes, JSON Schema and documentation out.
 *
 * Public names only; the other files of this folder are not imported from outside.
 */

export { canonicalHash, canonicalJson } from './canonical-json.js';
export { documentKeys, relevanceMeanings } from './document-keys.js';
export { jsonSchema } from './json-schema.js';
export { configError, type ConfigText, loadConfig, type LoadedConfig, parseConfig } from './load.js';
export { relevantConfig } from './relevance.js';
export type * from './run-config.js';
export { extentKind, type Extent, type Kind, type Relevance, type SchemaKey } from './schema.js';
export { startingConfig } from './starting-config.js';
export { closest } from './suggest.js';
