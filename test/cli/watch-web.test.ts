/** `rbm-train watch --web`: the live page, who gets it and who does not, and what it hears of changes. */

import { appendFileSync, cpSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createServer, get, request, type IncomingMessage, type RequestOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { messagePage, serveLivePage, type LiveServer } from '../../src/cli/watch-server.js';
import { Stopped } from '../../src/run/stop-request.js';
import { outcomeOf, runCli, startCli, temporaryFolder, type RunOutcome } from './support/run-cli.js';

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Asks a server. */
function ask(url: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    asked.on('error', reject).end();
  });
}

/** The events of a server, one by one; `undefined` when it has ended. */
function listen(url: string): Promise<{ next: () => Promise<string | undefined>; close: () => void }> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent: false, headers: { Accept: 'text/event-stream' } }, (response) => {
      const events: (string | undefined)[] = [];
      const waiting: ((event: string | undefined) => void)[] = [];
      const add = (event: string | undefined): void => {
        const first = waiting.shift();
        if (first === undefined) events.push(event);
        else first(event);
      };
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        const parts = (text + piece).split('\n\n');
        text = parts.pop() ?? '';
        for (const part of parts) {
          const data = /^data: (.*)$/m.exec(part)?.[1];
          if (data !== undefined) add(data);
        }
      });
      response.on('close', () => add(undefined));
      response.on('error', () => {});
      const next = (): Promise<string | undefined> => new Promise((done) => (events.length > 0 ? done(events.shift()) : waiting.push(done)));
      resolve({ next, close: () => asked.destroy() });
    });
    asked.on('error', reject);
  });
}

const versionOf = (page: string): string | undefined => /<html[^>]* data-live-version="([^"]*)"/.exec(page)?.[1];

describe('the server', () => {
  let server: LiveServer;
  let state = 'first';
  let rendered = 0;
  beforeAll(async () => {
    server = await serveLivePage(0, () => {
      rendered++;
      return state === 'broken' ? Promise.reject(new Error('<no> such file')) : Promise.resolve(messagePage('Run', state));
    });
  });
  afterAll(() => server.close());

  test('serves the page with the script that keeps it live, on 127.0.0.1', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const { status, headers, body } = await ask(server.url);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(body).toContain('<main><h1>Run</h1><p>first</p></main>');
    expect(body).toMatch(/<script>[^]*EventSource\('\/events'\)[^]*<\/script><\/body>/);
    // The policy names each of the scripts, and allows no other.
    const script = /<script>([^]*?)<\/script>/.exec(body)?.[1] ?? '';
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}';`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
  });

  test('the script is one that can be parsed', async () => {
    const script = /<script>([^]*?)<\/script>/.exec((await ask(server.url)).body)?.[1] ?? '';
    // oxlint-disable-next-line no-new-func, no-implied-eval
    expect(() => new Function(script)).not.toThrow();
  });

  test.each([
    ['GET', '/nothing', 404],
    ['GET', '/../../etc/passwd', 404],
    ['GET', '/%2e%2e/metrics.jsonl', 404],
    ['GET', '/config.json', 404],
    ['GET', '//', 404],
    ['POST', '/', 405],
    ['PUT', '/events', 405],
    ['DELETE', '/', 405],
    ['OPTIONS', '/', 405],
    ['HEAD', '/', 200],
    ['HEAD', '/events', 200],
    ['GET', '/favicon.ico', 204],
    ['GET', '/?x=1', 200],
  ])('%s %s: %i', async (method, path, status) => {
    const answer = await ask(server.url, { method, path });
    expect(answer.status).toBe(status);
    expect(answer.body === '').toBe(method === 'HEAD' || status === 204);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  test('only who calls it by its name gets anything', async () => {
    const { port } = new URL(server.url);
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', '127.0.0.1:1', `127.0.0.1:${port}.evil.example`, `localhost.evil.example:${port}`]) {
      for (const path of ['/', '/events', '/nothing']) expect({ host, path, status: (await ask(server.url, { path, headers: { Host: host } })).status }).toEqual({ host, path, status: 421 });
    }
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`]) expect((await ask(server.url, { headers: { Host: host } })).status).toBe(200);
  });

  test('a change is told to all who listen, and makes the page anew, once', async () => {
    const listeners = await Promise.all([listen(`${server.url}events`), listen(`${server.url}events`)]);
    const before = (await ask(server.url)).body;
    for (const { next } of listeners) expect(await next()).toBe(versionOf(before));
    const count = rendered;
    state = 'second';
    expect((await ask(server.url)).body).toBe(before);
    server.changed();
    const [version, same] = await Promise.all(listeners.map(({ next }) => next()));
    expect(version).toBe(same);
    const [after, again] = await Promise.all([ask(server.url), ask(server.url)]);
    expect(after.body).toContain('<p>second</p>');
    expect(again.body).toBe(after.body);
    expect(versionOf(after.body)).toBe(version);
    expect(version).not.toBe(versionOf(before));
    expect(rendered).toBe(count + 1);
    for (const { close } of listeners) close();
  });

  test('where making a page takes long, changes are told so seldom that most of the machine is left to the training', async () => {
    const work = 200;
    const slow = await serveLivePage(0, async () => {
      await sleep(work);
      const start = process.cpuUsage();
      while (process.cpuUsage(start).user < 1000 * work);
      return messagePage('Slow', '');
    });
    try {
      const { next } = await listen(`${slow.url}events`);
      await next();
      const made = ask(slow.url);
      await sleep(work / 2);
      // While it is made, and after.
      slow.changed();
      await made;
      const start = performance.now();
      slow.changed();
      slow.changed();
      const version = await next();
      // Timers count from a clock of whole milliseconds.
      expect(performance.now() - start).toBeGreaterThan(4 * work - 50);
      expect(versionOf((await ask(slow.url)).body)).toBe(version);
    } finally {
      await slow.close();
    }
  });

  test('a stop while a page is made is no page', async () => {
    const stopped = await serveLivePage(0, () => Promise.reject(new Stopped('SIGINT')));
    await expect(ask(stopped.url)).rejects.toThrow('socket hang up');
    await stopped.close();
  });

  test('a page that can’t be made says why, and is tried again after the next change', async () => {
    state = 'broken';
    server.changed();
    expect((await ask(server.url)).body).toContain('<p>&lt;no&gt; such file</p>');
    state = 'third';
    server.changed();
    expect((await ask(server.url)).body).toContain('<p>third</p>');
  });
});

describe('the command', () => {
  const root = temporaryFolder();
  const started: ChildProcess[] = [];
  afterAll(() => {
    for (const child of started) child.kill('SIGKILL');
    root.remove();
  });

  const config = {
    data: { source: 'bars-and-stripes', height: 2, width: 2 },
    model: { hiddenUnits: 2 },
    training: { algorithm: 'cd', epochs: 4, learningRate: 0.05 },
    evaluation: { every: { epochs: 1 } },
  };

  beforeAll(async () => {
    writeFileSync(join(root.path, 'config.json'), JSON.stringify(config));
    const { code, stderr } = await runCli(['--config', 'config.json', '--output', 'run', '--threads', '1'], { cwd: root.path });
    if (code !== 0) throw new Error(stderr);
  });

  /** Starts the command; its address, its end. */
  async function serve(...args: string[]): Promise<{ url: string; child: ChildProcess; outcome: Promise<RunOutcome> }> {
    const child = startCli(['watch', ...args, '--web', '--interval', '0.1'], { cwd: root.path });
    started.push(child);
    const outcome = outcomeOf(child);
    const first = await new Promise<string>((resolve) => {
      child.stdout?.once('data', resolve);
      child.once('close', () => resolve(''));
    });
    return { url: first.trim(), child, outcome };
  }

  test('prints its address, tells of changes, stays when the run is finished, and ends with 130 at SIGINT', async () => {
    cpSync(join(root.path, 'run'), join(root.path, 'changing'), { recursive: true });
    const { url, child, outcome } = await serve('changing');
    const { next } = await listen(`${url}events`);
    const first = await next();
    const page = (await ask(url)).body;
    expect(versionOf(page)).toBe(first);
    expect(page).toContain('Report of rbm-train');
    expect(page).not.toContain('http-equiv="Content-Security-Policy"');
    appendFileSync(join(root.path, 'changing', 'metrics.jsonl'), `${JSON.stringify({ event: 'warning', update: 4, epoch: 4, diagnostic: 'mixing', message: 'a warning for the page', evidence: {} })}\n`);
    const second = await next();
    expect(second).not.toBe(first);
    expect((await ask(url)).body).toContain('a warning for the page');
    child.kill('SIGINT');
    expect(await outcome).toEqual({ code: 130, signal: null, stdout: `${url}\n`, stderr: 'the report, live; Ctrl-C ends it\nrbm-train: stopped by SIGINT\n' });
    expect(await next()).toBeUndefined();
  });

  test('waits for a run with a page that says so', async () => {
    const { url, child, outcome } = await serve('later', '--wait');
    expect((await ask(url)).body).toContain('Waiting for the run');
    const { next } = await listen(`${url}events`);
    const first = await next();
    cpSync(join(root.path, 'run'), join(root.path, 'later'), { recursive: true });
    expect(await next()).not.toBe(first);
    child.kill('SIGTERM');
    expect((await outcome).code).toBe(143);
  });

  test('a port in use is an error', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stdout, stderr } = await runCli(['watch', 'run', '--web', '--port', String(port)], { cwd: root.path });
    other.close();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(`rbm-train: --port ${port}: this port is in use\nChoose another one, or leave --port out for a free one.\n`);
  });
});
