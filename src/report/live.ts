/**
 * A run that may still be under way: its events as they are published, and the report's page as one that follows them.
 */

import type { RunDirectory } from '../checkpoint/run-directory.js';
import { isRbmError } from '../errors.js';
import type { Findings } from '../diagnostics/index.js';
import { kindAt, readWholeFile } from '../read-file.js';
import type { MeasuredEvent, WarningEvent } from './run-record.js';

/** The events of a run, ascending in updates. */
export interface RunEvents {
  readonly events: readonly MeasuredEvent[];
  readonly warnings: readonly WarningEvent[];
}

type Members = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Adds the event of a line; a line of another kind, or damaged, is passed over. */
function addEvent(line: string, events: MeasuredEvent[], warnings: WarningEvent[]): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return;
  }
  if (!isObject(parsed) || !Number.isSafeInteger(parsed.update)) return;
  const update = parsed.update as number;
  if (parsed.event === 'warning' || typeof parsed.message === 'string') {
    const { diagnostic, message, evidence } = parsed;
    if (typeof message !== 'string') return;
    warnings.push({ update, diagnostic: typeof diagnostic === 'string' ? diagnostic : '', message, evidence: (isObject(evidence) ? evidence : {}) as Findings });
    return;
  }
  const { event: _event, averaged, ...others } = parsed;
  // Where there is an average, it is the run's model.
  events.push({ ...others, ...(isObject(averaged) && averaged) } as unknown as MeasuredEvent);
}

/** Reads the events of a run again and again; files that never change any more are read once. */
export class EventReader {
  readonly #directory: RunDirectory;
  /** By number from 1: first line of a closed file, and its events. */
  #closed: { readonly firstLine: string; readonly events: RunEvents }[] = [];

  /** @param directory need not hold a run yet */
  constructor(directory: RunDirectory) {
    this.#directory = directory;
  }

  /** Forgets what it has read: another run may have taken the place of the one before. */
  reset(): void {
    this.#closed = [];
  }

  /**
   * All events published so far.
   *
   * @throws RbmError 'runtime' where the machine does not let them be read
   */
  read(): RunEvents {
    for (;;) {
      const text = this.#text(this.#directory.closedMetrics(this.#closed.length + 1));
      if (text === undefined) break;
      this.#closed.push({ firstLine: firstLineOf(text), events: parseEvents(text) });
    }
    const text = this.#text(this.#directory.metrics) ?? '';
    const parts = this.#closed.map(({ events }) => events);
    // A file is closed just before its events leave metrics.jsonl: at this moment they are in both.
    if (firstLineOf(text) !== this.#closed.at(-1)?.firstLine) parts.push(parseEvents(text));
    return { events: parts.flatMap(({ events }) => events), warnings: parts.flatMap(({ warnings }) => warnings) };
  }

  #text(file: string): string | undefined {
    if (kindAt(file) !== 'file') return undefined;
    try {
      return Buffer.from(readWholeFile(file, { code: 'data' })).toString('utf8');
    } catch (error) {
      // Removed this very moment, by a run that takes the place of this one.
      if (isRbmError(error) && error.code === 'data') return undefined;
      throw error;
    }
  }
}

function firstLineOf(text: string): string {
  return text.slice(0, Math.max(0, text.indexOf('\n')));
}

function parseEvents(text: string): RunEvents {
  const [events, warnings]: [MeasuredEvent[], WarningEvent[]] = [[], []];
  for (const line of text.split('\n')) if (line !== '') addEvent(line, events, warnings);
  return { events, warnings };
}

/** Where the live page hears of changes. */
export const eventStreamPath = '/events';

/**
 * The script of a live page. At every change it fetches the page and puts the new `<main>` in the place of the old one; what
 * is open stays open, and the page stays where it was scrolled to. Where the server has gone it says so, and tries again.
 */
const liveScript = `(() => {
  'use strict';
  const state = document.createElement('div');
  state.setAttribute('role', 'status');
  state.className = 'live-state';
  document.body.append(state);
  const say = (text) => { state.textContent = text; };
  const keyOf = (element, index) => element.id || (element.querySelector('summary') || element).textContent.trim() || String(index);
  let shown = document.documentElement.dataset.liveVersion;
  let busy = false;
  let wanted;
  const show = async (version) => {
    wanted = version;
    if (busy) return;
    busy = true;
    try {
      while (wanted !== shown) {
        const aim = wanted;
        const response = await fetch('/', { cache: 'no-store' });
        if (!response.ok) throw new Error(response.statusText);
        const page = new DOMParser().parseFromString(await response.text(), 'text/html');
        const [before, after] = [document.querySelector('main'), page.querySelector('main')];
        if (!before || !after) { location.reload(); return; }
        const open = new Map(Array.from(before.querySelectorAll('details'), (element, index) => [keyOf(element, index), element.open]));
        Array.from(after.querySelectorAll('details')).forEach((element, index) => {
          const was = open.get(keyOf(element, index));
          if (was !== undefined) element.open = was;
        });
        const focused = document.activeElement && document.activeElement.id;
        const [x, y] = [scrollX, scrollY];
        before.replaceWith(document.adoptNode(after));
        scrollTo({ left: x, top: y, behavior: 'instant' });
        if (focused) { const again = document.getElementById(focused); if (again) again.focus({ preventScroll: true }); }
        document.title = page.title;
        shown = aim;
      }
    } finally {
      busy = false;
    }
  };
  const failed = () => say('The page could not be brought up to date; it is tried again at the next change.');
  const source = new EventSource('${eventStreamPath}');
  source.onopen = () => say('');
  source.onmessage = (event) => { show(event.data).then(() => say(''), failed); };
  source.onerror = () => say('rbm-train watch is not there any more: this is the last state that it showed.');
})();`;

const liveStyle = `.live-state { position: fixed; right: 0; bottom: 0; max-width: 100%; padding: 0.3em 0.8em; font: 13px/1.4 system-ui, sans-serif; background: Canvas; color: CanvasText; border-top-left-radius: 6px; }
.live-state:not(:empty) { border: 1px solid; }
@media print { .live-state { display: none; } }`;

/**
 * A page of the report as one that follows its run.
 *
 * @param page the whole document, with one `<main>`
 * @param version what the server calls this state of it
 */
export function livePage(page: string, version: string): string {
  const style = `<style>${liveStyle}</style>`;
  const script = `<script>${liveScript}</script>`;
  const insertAt = (text: string, place: number, addition: string): string => (place < 0 ? text + addition : text.slice(0, place) + addition + text.slice(place));
  const marked = page.replace(/<html\b/i, () => `<html data-live-version="${version}"`);
  const styled = insertAt(marked, marked.indexOf('</head>'), style);
  return insertAt(styled, styled.lastIndexOf('</body>'), script);
}
