/** The live page in a real browser: it follows its run, and leaves a reader where they are. */

import { appendFileSync, cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';

import { describeWithBrowser, startBrowser, type Browser } from '../report/browser.js';
import { outcomeOf, runCli, startCli, temporaryFolder } from './support/run-cli.js';

describeWithBrowser('the live page in chromium', () => {
  const root = temporaryFolder();
  const run = join(root.path, 'run');
  const complaints: string[] = [];
  let browser: Browser;
  let page: Page;
  let watching: ChildProcess;
  let url = '';

  beforeAll(async () => {
    const config = {
      data: { source: 'bars-and-stripes', height: 3, width: 3 },
      model: { hiddenUnits: 4 },
      training: { algorithm: 'cd', epochs: 20, learningRate: 0.05 },
      evaluation: { every: { epochs: 1 } },
    };
    writeFileSync(join(root.path, 'config.json'), JSON.stringify(config));
    const trained = await runCli(['--config', 'config.json', '--output', 'elsewhere', '--threads', '1'], { cwd: root.path });
    if (trained.code !== 0) throw new Error(trained.stderr);
    watching = startCli(['watch', 'run', '--wait', '--web', '--interval', '0.1'], { cwd: root.path });
    url = await new Promise((resolve) => watching.stdout?.once('data', (text: Buffer) => resolve(String(text).trim())));
    browser = await startBrowser();
    page = await browser.context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.setViewportSize({ width: 800, height: 500 });
    await page.goto(url);
  });
  afterAll(async () => {
    watching.kill('SIGKILL');
    await browser?.close();
    root.remove();
  });

  const inPage = async <Value>(expression: string): Promise<Value> => (await page.evaluate(expression)) as Value;
  /** Waits until something holds in the page; while the page is loaded anew, nothing does. */
  const waitFor = async (expression: string): Promise<void> => {
    const isTrue = async (): Promise<boolean> => await inPage<boolean>(expression).catch(() => false);
    for (let i = 0; i < 200; i++) {
      if (await isTrue()) return;
      await sleep(100);
    }
    throw new Error(`in vain: ${expression}\n${complaints.join('\n')}`);
  };

  test('shows the run when it is there', async () => {
    expect(await inPage('document.querySelector("main").innerText')).toContain('Waiting for the run');
    // The whole run at once, as it is when a training has just started: config last.
    cpSync(join(root.path, 'elsewhere'), join(root.path, 'new'), { recursive: true });
    rmSync(join(root.path, 'new', 'result.json'));
    renameSync(join(root.path, 'new'), run);
    await waitFor('document.querySelector("#picture-likelihood svg") !== null');
    await waitFor('document.querySelector(".live-state").textContent === "live"');
    expect(await inPage('document.querySelector("header").innerText')).toContain('not finished');
  });

  test('follows it without moving: what is open stays open, the place and the focus stay', async () => {
    await inPage('window.marker = 1');
    expect(await inPage('document.querySelectorAll("main details").length')).toBeGreaterThan(0);
    await inPage('document.querySelectorAll("main details")[0].open = true');
    await inPage('document.querySelector("#scheme").focus()');
    await inPage('scrollTo({ top: 300, behavior: "instant" })');
    const place = await inPage('scrollY');
    expect(place).toBe(300);
    appendFileSync(join(run, 'metrics.jsonl'), `${JSON.stringify({ event: 'warning', update: 20, epoch: 20, diagnostic: 'mixing', message: 'a <b>warning</b> for the page', evidence: {} })}\n`);
    await waitFor('document.querySelector("main").innerText.includes("a <b>warning</b> for the page")');
    expect(await inPage('[window.marker, scrollY, document.activeElement.id, document.querySelectorAll("main details")[0].open]')).toEqual([1, place, 'scheme', true]);
    // The new charts are drawn by the rules of the old ones, and the buttons still work.
    expect(await inPage('document.querySelector("#picture-likelihood svg").getBoundingClientRect().width')).toBeGreaterThan(300);
    const before = await inPage('getComputedStyle(document.body).backgroundColor');
    await page.click('#scheme');
    expect(await inPage('getComputedStyle(document.body).backgroundColor')).not.toBe(before);
  });

  test('the head of the page follows, too', async () => {
    cpSync(join(root.path, 'elsewhere', 'result.json'), join(run, 'result.json'));
    await waitFor('document.querySelector("header").innerText.includes(", finished")');
    expect(await inPage('window.marker')).toBe(1);
  });

  test('nothing was complained of; and where the watch has ended, it says so', async () => {
    expect(complaints).toEqual([]);
    const ended = outcomeOf(watching);
    watching.kill('SIGINT');
    expect((await ended).code).toBe(130);
    await waitFor('document.querySelector(".live-state").textContent.includes("has ended")');
    expect(await inPage('document.querySelector("#picture-likelihood svg") !== null')).toBe(true);
  });
});
