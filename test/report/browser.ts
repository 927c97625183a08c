/** A real browser for tests: Debian's chromium, without a screen. */

import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

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

/** A page of a file, in the light scheme, and what came of it. */
export interface OpenPage {
  readonly page: Page;
  readonly address: string;
  /** What the console and uncaught errors say. */
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
  /** Requests that came to nothing, with why. */
  readonly failures: readonly [string, string | undefined][];
  /** Runs JavaScript in the page; a text, so that it is that of the page and not of the tests. */
  inPage<Value>(expression: string): Promise<Value>;
  /** Elements that stick out of a page of so many pixels; those that scroll on their own and parts of charts don't count. */
  outside(width: number): Promise<string[]>;
  /** Names of the elements of a role, as the browser's accessibility tree has them. */
  accessibleNames(): Promise<(role: string) => string[]>;
}

/** Opens a file in the browser. */
export async function openPage({ context }: Browser, file: string): Promise<OpenPage> {
  const [complaints, requests, failures]: [string[], string[], [string, string | undefined][]] = [[], [], []];
  const address = pathToFileURL(file).href;
  const page = await context.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  page.on('requestfailed', (request) => failures.push([request.url(), request.failure()?.errorText]));
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(address);
  const inPage = async <Value>(expression: string): Promise<Value> => (await page.evaluate(expression)) as Value;
  return {
    page,
    address,
    complaints,
    requests,
    failures,
    inPage,
    outside: (width) =>
      inPage(
        `[...document.querySelectorAll('main *:not(.scroll *):not(svg *)')].filter((element) => element.getBoundingClientRect().right > ${width} + 0.5).map((element) => element.outerHTML.slice(0, 80))`,
      ),
    accessibleNames: async () => {
      const session = await context.newCDPSession(page);
      const { nodes } = (await session.send('Accessibility.getFullAXTree')) as { nodes: { role?: { value: string }; name?: { value: string }; ignored: boolean }[] };
      return (role) => nodes.filter((node) => !node.ignored && node.role?.value === role).map((node) => node.name?.value ?? '');
    },
  };
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
