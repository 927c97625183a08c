/**
 * The report as a page that follows its run: what is added to it, and what the page then does.
 *
 * A report that is a file carries a policy that lets nothing in. A live page is served, and its server says the policy instead
 * (see cli/watch-server.ts): its own scripts, and this server.
 */

/** Where the live page hears of changes. */
export const eventStreamPath = '/events';

/**
 * The script of a live page. At every change it fetches the page and puts its parts in the place of the old ones; what is
 * open stays open, and the page stays where it was scrolled to. A page that nobody sees is brought up to date when it is seen
 * again: the training may need this machine. Where the server has gone it says so, and tries again.
 */
const liveScript = `(() => {
  'use strict';
  const parts = ['header > div', 'nav', 'main'];
  const state = document.createElement('div');
  state.setAttribute('role', 'status');
  state.className = 'live-state';
  document.body.append(state);
  const live = 'live';
  const say = (text) => { state.textContent = text; };
  const keyOf = (element, index) => element.id || (element.querySelector('summary') || element).textContent.trim() || String(index);
  let shown = document.documentElement.dataset.liveVersion;
  let wanted = shown;
  let busy = false;
  const replace = (page) => {
    const pairs = parts.map((part) => [document.querySelector(part), page.querySelector(part)]);
    if (pairs.some(([before, after]) => (before === null) !== (after === null))) { location.reload(); return; }
    const open = new Map(Array.from(document.querySelectorAll('main details'), (element, index) => [keyOf(element, index), element.open]));
    Array.from(page.querySelectorAll('main details')).forEach((element, index) => {
      const was = open.get(keyOf(element, index));
      if (was !== undefined) element.open = was;
    });
    const focused = document.activeElement === null ? '' : document.activeElement.id;
    const [left, top] = [scrollX, scrollY];
    for (const [before, after] of pairs) if (before !== null) before.replaceWith(document.adoptNode(after));
    scrollTo({ left, top, behavior: 'instant' });
    const again = focused === '' ? null : document.getElementById(focused);
    if (again !== null) again.focus({ preventScroll: true });
    document.title = page.title;
  };
  const update = async () => {
    if (busy) return;
    busy = true;
    try {
      while (wanted !== shown && !document.hidden) {
        const aim = wanted;
        const response = await fetch('/', { cache: 'no-store' });
        if (!response.ok) throw new Error(response.statusText);
        // Its styles are here already, or come with a page that is loaded anew.
        const text = (await response.text()).replace(/<style>[^]*?<\\/style>/g, '');
        replace(new DOMParser().parseFromString(text, 'text/html'));
        shown = aim;
      }
      say(live);
    } catch {
      say('This page could not be brought up to date; that is tried again at the next change.');
    } finally {
      busy = false;
    }
  };
  const source = new EventSource('${eventStreamPath}');
  source.onopen = () => say(live);
  source.onmessage = (event) => { wanted = event.data; update(); };
  source.onerror = () => say('rbm-train watch has ended: this is the last state that it showed.');
  document.addEventListener('visibilitychange', update);
})();`;

const liveStyle = `.live-state { position: fixed; right: 0; bottom: 0; max-width: 100%; padding: 0.2em 0.7em; font: 13px/1.4 system-ui, sans-serif; background: #1f2429; color: #fff; border-top-left-radius: 6px; }
.live-state:empty { display: none; }
@media print { .live-state { display: none; } }`;

/**
 * A page of the report as one that follows its run.
 *
 * @param page the whole document, with one `<main>`
 * @param version what the server calls this state of it
 */
export function livePage(page: string, version: string): string {
  const insertAt = (text: string, place: number, addition: string): string => (place < 0 ? text + addition : text.slice(0, place) + addition + text.slice(place));
  const open = page.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>\n?/, '');
  const marked = open.replace('<html', () => `<html data-live-version="${version}"`);
  const styled = insertAt(marked, marked.indexOf('</head>'), `<style>${liveStyle}</style>`);
  return insertAt(styled, styled.lastIndexOf('</body>'), `<script>${liveScript}</script>`);
}
