/** A real browser for tests: Debian's chromium, without a screen. */

import { chromium, type BrowserContext } from 'playwright-core';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe } from '@jest/globals';

const executable = '/usr/bin/chromium';
const isThere = existsSync(executable);
const isRequired = process.env.RBM_REQUIRE_BROWSER === '1';

// The rules are for tests; this makes them.
/* oxlint-disable jest/valid-describe-callback, jest/valid-title, jest/no-disabled-tests */

/** Tests in a real browser; skipped, with the reason in their name, where there is none, unless they are required. */
export function describeWithBrowser(name: string, body: () => void): void {
  if (isThere || isRequired) describe(name, body);
  else describe.skip(`${name} (SKIPPED: no browser at ${executable})`, body);
}

/** A browser with a new profile, and how to end it. */
export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** Starts the browser. */
export async function startBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'rbm-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
