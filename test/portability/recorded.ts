/** The digests that are recorded in digests.json: `node test/portability/run.js --shipped full --write` makes it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../cli/support/run-cli.js';

/** Digests by training, and for shipped configs by number of updates (`full` for all). */
interface Recorded {
  readonly numericsVersion: number;
  readonly shipped: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly small: Readonly<Record<string, string>>;
}

/** Content of digests.json. */
export const recorded: Recorded = JSON.parse(readFileSync(join(projectRoot, 'test', 'portability', 'digests.json'), 'utf8'));
