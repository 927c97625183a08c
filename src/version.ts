/**
 * The version of rbm-train, from package.json.
 */

import { createRequire } from 'node:module';

const description = createRequire(import.meta.url)('../package.json') as { version: string };

/** Version of the package. */
export const { version } = description;
