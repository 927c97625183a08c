/**
 * The live page of a run, over HTTP on this machine only.
 *
 * It listens on 127.0.0.1 and answers two paths, `/` (the page) and `/events` (which tells the page of changes); no path ever
 * names a file. Requests that call this machine by another name are refused: a page from elsewhere can make a browser send
 * them here (DNS rebinding), but not with the right Host.
 */

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, RbmError } from '../errors.js';
import { systemCode } from '../file-errors.js';
import { eventStreamPath, livePage } from '../report/live.js';
import type { Stopped } from '../run/stop-request.js';

const address = '127.0.0.1';

/** Milliseconds between signs of life to the pages that listen. */
const heartbeat = 15_000;

/** After a page was made, no change is told for so many times the CPU time that it took: the training may need this machine. */
const restPerWork = 4;

/** And no longer than this, in milliseconds. */
const longestRest = 60_000;

/** A live page that is being served. */
export interface LiveServer {
  readonly url: string;
  /** Tells everybody that the run has changed; the page is made anew when somebody asks for it. */
  changed(): void;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Headers of every answer. */
const commonHeaders = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/** The policy of a page: its own scripts and styles, named by their hashes, pictures that it holds, and this server. */
function contentPolicy(page: string): string {
  const hashesOf = (name: string): string => {
    const texts = Array.from(page.matchAll(new RegExp(`<${name}\\b[^>]*>([^]*?)</${name}>`, 'g')), ([, text]) => text);
    const hashes = texts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    return hashes.length === 0 ? "'none'" : [...new Set(hashes)].join(' ');
  };
  return [
    "default-src 'none'",
    `script-src ${hashesOf('script')}`,
    `style-src ${hashesOf('style')}`,
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A page that says something where there is no report. */
export function messagePage(title: string, message: string): string {
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"><title>${escapeHtml(title)}</title>` +
    '<style>:root { color-scheme: light dark; } body { font: 16px/1.5 system-ui, sans-serif; margin: 2em; }</style></head>' +
    `<body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(message)}</p></main></body></html>\n`
  );
}

/** Listens on a port of this machine; 0 for a free one. */
async function listen(server: Server, port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const why = { EADDRINUSE: 'is in use', EACCES: 'may not be used by this user' }[systemCode(error) ?? ''] ?? `can't be used: ${messageOf(error)}`;
      reject(new RbmError('runtime', `--port ${port}: this port ${why}`, { hint: 'Choose another one, or leave --port out for a free one.', cause: error }));
    });
    server.listen(port, address, () => resolve((server.address() as AddressInfo).port));
  });
}

class LivePage implements LiveServer {
  readonly url: string;
  readonly #server: Server;
  readonly #render: () => Promise<string>;
  readonly #hosts: readonly string[];
  readonly #listeners = new Set<ServerResponse>();
  readonly #heartbeat: NodeJS.Timeout;
  /** Versions of another server are others. */
  readonly #start = Date.now().toString(36);
  #changes = 0;
  /** Pages that are being made. */
  #working = 0;
  /** When changes may be told again, by the clock of `performance`. */
  #restUntil = 0;
  #telling: NodeJS.Timeout | undefined;
  #rendered: { readonly version: string; readonly page: Promise<string> } | undefined;

  constructor(server: Server, port: number, render: () => Promise<string>) {
    this.#server = server;
    this.#render = render;
    this.url = `http://${address}:${port}/`;
    this.#hosts = [address, 'localhost'].flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
    server.on('request', (request, response) => {
      // Where there is no answer any more, a page keeps what it shows.
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#heartbeat = setInterval(() => this.#send(':\n\n'), heartbeat);
    this.#heartbeat.unref();
  }

  get #version(): string {
    return `${this.#start}-${this.#changes}`;
  }

  changed(): void {
    this.#changes++;
    this.#tell();
  }

  /** Tells of the latest change, as soon as that may be. */
  #tell(): void {
    // Who makes a page calls this when it is made.
    if (this.#telling !== undefined || this.#working > 0) return;
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      this.#send(`data: ${this.#version}\n\n`);
    }, Math.max(0, this.#restUntil - performance.now())).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#telling);
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #send(text: string): void {
    for (const listener of this.#listeners) listener.write(text);
  }

  /** Makes a page, and sees to it that this does not take all of the machine. */
  async #make(version: string): Promise<string> {
    const start = process.cpuUsage();
    this.#working++;
    clearTimeout(this.#telling);
    this.#telling = undefined;
    try {
      return livePage(await this.#render(), version);
    } finally {
      const { user, system } = process.cpuUsage(start);
      this.#working--;
      this.#restUntil = performance.now() + Math.min(longestRest, (restPerWork * (user + system)) / 1000);
      if (version !== this.#version) this.#tell();
    }
  }

  /**
   * The page of now; made once for each state of the run.
   *
   * @throws Stopped where the server ends while it is made
   */
  async #page(): Promise<string> {
    const version = this.#version;
    if (this.#rendered?.version !== version) this.#rendered = { version, page: this.#make(version) };
    try {
      return await this.#rendered.page;
    } catch (error) {
      if ((error as Stopped).name === 'Stopped') throw error;
      // What can't be read now may be there at the next change.
      return livePage(messagePage('This run can’t be shown', messageOf(error)), version);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { ...commonHeaders, 'Content-Type': 'text/plain; charset=utf-8', 'Content-Security-Policy': "default-src 'none'", ...headers });
      response.end(request.method === 'HEAD' ? undefined : `${text}\n`);
    };
    response.on('error', () => {});
    const { method, url = '' } = request;
    if (!this.#hosts.includes((request.headers.host ?? '').toLowerCase())) return refuse(421, `This server is ${this.url} and nothing else.`);
    if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'Only GET and HEAD.', { Allow: 'GET, HEAD' });
    const path = url.split('?')[0];
    if (path === '/favicon.ico') {
      response.writeHead(204, commonHeaders).end();
    } else if (path === eventStreamPath) {
      this.#listen(request, response);
    } else if (path === '/') {
      const page = await this.#page();
      const bytes = Buffer.from(page, 'utf8');
      response.writeHead(200, {
        ...commonHeaders,
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Length': bytes.length,
        'Content-Security-Policy': contentPolicy(page),
      });
      response.end(method === 'HEAD' ? undefined : bytes);
    } else {
      refuse(404, 'There is only / here.');
    }
  }

  #listen(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { ...commonHeaders, 'Content-Type': 'text/event-stream; charset=utf-8' });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    // The page may be older than this connection.
    response.write(`retry: 2000\ndata: ${this.#version}\n\n`);
    this.#listeners.add(response);
    response.on('close', () => this.#listeners.delete(response));
  }
}

/**
 * Serves a page.
 *
 * @param port 0 for a free one
 * @param render makes the page of the run as it is now: a whole HTML document with one `<main>`
 * @throws RbmError 'runtime' where the port can't be used
 */
export async function serveLivePage(port: number, render: () => Promise<string>): Promise<LiveServer> {
  // Nobody has more to ask than a path.
  const server = createServer({ maxHeaderSize: 16_384, requestTimeout: 30_000 });
  return new LivePage(server, await listen(server, port), render);
}
