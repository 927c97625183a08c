/**
 * The config room: one schema table in, validated configs, hashes, JSON Schema and documentation out.
 *
 * Public names only; the other files of this folder are not imported from outside.
 */

export { canonicalHash, canonicalJson } from './canonical-json.js';
export { documentKeys, relevanceMeanings } from './document-keys.js';
export { jsonSchema } from './json-schema.js';
export { configError, type ConfigText, type FileNaming, loadConfig, type LoadedConfig, parseConfig, readConfigText } from './load.js';
export { type GivenValue, keyProblem } from './overrides.js';
export { type Problem, problemsError } from './problems.js';
export { relevantConfig } from './relevance.js';
export { mapPath } from './resolve.js';
export type * from './run-config.js';
export { extentKind, type Extent, type Kind, type Relevance, type SchemaKey } from './schema.js';
export { namedPlace, type Place } from './source.js';
export { startingConfig } from './starting-config.js';
export { closest } from './suggest.js';
