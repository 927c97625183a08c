/** The folder of real data, which is not part of the repository. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { describe } from '@jest/globals';

const folder = join(process.cwd(), '..', 'shared', 'data');
const isThere = existsSync(join(folder, 'mnist'));
const isRequired = process.env.RBM_REQUIRE_SHARED === '1';

/** Path of a file of the folder. */
export function sharedPath(...parts: string[]): string {
  return join(folder, ...parts);
}

// The rules are for tests; this makes them.
/* oxlint-disable jest/valid-describe-callback, jest/valid-title, jest/no-disabled-tests */

/** Tests on real data; skipped, with the reason in their name, where there are none, unless they are required. */
export function describeWithSharedData(name: string, body: () => void): void {
  if (isThere || isRequired) describe(name, body);
  else describe.skip(`${name} (SKIPPED: no real data in ${folder})`, body);
}
