/**
 * What a person sees of a pool of tasks: on a terminal a bar for each that runs and one for the whole; elsewhere a line when
 * one ends, and one now and then with how many are done. It looks at nothing but the pool's events.
 */

import type { PoolEvent } from '../../sweep/local-pool.js';
import { barLook } from '../bar-look.js';
import { duration } from '../progress.js';
import type { Terminal } from '../terminal.js';

/** Shows events; `end` leaves the terminal tidy. */
export interface PoolDisplay {
  report(event: PoolEvent): void;
  end(): void;
}

/** What is shown. */
export interface PoolView {
  /** Tasks that are to be done. */
  readonly tasks: number;
  /** Tasks at a time. */
  readonly jobs: number;
  /** What a task is called. */
  readonly nameOf: (index: number) => string;
}

/** Milliseconds between lines with counts, where there is no terminal to draw bars on. */
const lineInterval = 10_000;

/** Parts of a bar, so that one of many hours moves. */
const barParts = 1000;

/** How a task has ended, in words. */
function outcomeWord(event: PoolEvent & { type: 'end' }): string {
  if (event.outcome === 'there') return 'done before';
  return event.outcome === 'failed' && event.failure.code === 'diverged' ? 'diverged' : event.outcome;
}

/** How far the whole is. */
class PoolPace {
  readonly #tasks: number;
  readonly #start = performance.now();
  /** Share of each task that is running, when it was begun here and now. */
  readonly #running = new Map<number, { from?: number; now: number }>();
  ended = 0;
  /** Of these, how many have no result, by what is told of them. */
  readonly #without = new Map<string, number>();
  /** Tasks' worth of work that was done here; what was there before a task went on is not. */
  #work = 0;

  constructor(tasks: number) {
    this.#tasks = tasks;
  }

  /** Takes an event into account. */
  see(event: PoolEvent): void {
    if (event.type === 'start') this.#running.set(event.index, { now: 0 });
    if (event.type === 'progress') {
      const { from = event.share } = this.#running.get(event.index) ?? {};
      this.#running.set(event.index, { from, now: event.share });
    }
    // What was stopped stays where it is.
    if (event.type !== 'end' || event.outcome === 'stopped') return;
    const { from = 0 } = this.#running.get(event.index) ?? {};
    this.#running.delete(event.index);
    this.ended++;
    const word = outcomeWord(event);
    if (event.outcome === 'failed') this.#without.set(word, (this.#without.get(word) ?? 0) + 1);
    if (event.outcome === 'done') this.#work += 1 - from;
  }

  /** Share of the whole. */
  get share(): number {
    return (this.ended + [...this.#running.values()].reduce((sum, { now }) => sum + now, 0)) / this.#tasks;
  }

  /** What is done and how long the rest takes, in words. */
  describe(): string {
    const work = this.#work + [...this.#running.values()].reduce((sum, { from = 0, now }) => sum + now - from, 0);
    const pace = work / (performance.now() - this.#start);
    const left = pace > 0 ? duration(((1 - this.share) * this.#tasks) / pace / 1000) : '–';
    const without = [...this.#without].map(([word, count]) => `, ${count} ${word}`).join('');
    return `${this.ended} of ${this.#tasks} tasks${without}  ${left} left`;
  }
}

/** What is told of an event whatever the display; undefined for nothing. */
function remark(event: PoolEvent, { nameOf }: PoolView): string | undefined {
  if (event.type === 'warning') return `warning: ${nameOf(event.index)}: ${event.message}`;
  if (event.type !== 'end' || event.outcome !== 'failed') return undefined;
  return `${nameOf(event.index)} ${outcomeWord(event)}: ${event.failure.message}`;
}

async function barsDisplay(view: PoolView, terminal: Terminal): Promise<PoolDisplay> {
  const { MultiBar, Presets } = await import('cli-progress');
  const bars = new MultiBar({
    ...barLook(terminal, Presets.shades_classic),
    format: '{bar} {percentage}%  {text}',
    emptyOnZero: true,
  });
  const pace = new PoolPace(view.tasks);
  // Bars that do not fit on the screen can't be drawn in place.
  const shown = Math.max(0, Math.min(view.jobs, view.tasks, (terminal.screen?.height ?? 24) - 3));
  const workers = Array.from({ length: shown }, () => bars.create(barParts, 0, { text: '' }));
  const whole = bars.create(barParts, 0, { text: pace.describe() });
  const draw = (): void => whole.update(Math.floor(pace.share * barParts), { text: pace.describe() });
  // Time passes where nothing happens, too.
  const timer = setInterval(draw, 1000);
  return {
    report(event) {
      pace.see(event);
      // Lines may be longer than the screen is wide: they wrap, bars do not.
      const told = remark(event, view);
      if (told !== undefined) bars.log(`\u001b[?7h${told}\u001b[K\n\u001b[?7l`);
      if (event.type === 'start') workers[event.worker]?.update(0, { text: view.nameOf(event.index) });
      if (event.type === 'progress') workers[event.worker]?.update(Math.floor(event.share * barParts), { text: `${view.nameOf(event.index)}  ${event.latest}` });
      if (event.type === 'end') {
        const payload = { text: `${view.nameOf(event.index)}  ${outcomeWord(event)}` };
        if (event.outcome === 'stopped') workers[event.worker]?.update(payload);
        else workers[event.worker]?.update(barParts, payload);
      }
      draw();
    },
    end() {
      clearInterval(timer);
      // What is still to be told is written with the bars.
      bars.update();
      bars.stop();
    },
  };
}

function linesDisplay(view: PoolView, terminal: Terminal): PoolDisplay {
  const pace = new PoolPace(view.tasks);
  const timer = setInterval(() => terminal.err(`${pace.describe()}\n`), lineInterval);
  return {
    report(event) {
      pace.see(event);
      const told = remark(event, view) ?? (event.type === 'end' ? `${view.nameOf(event.index)}: ${outcomeWord(event)}` : undefined);
      if (told !== undefined) terminal.err(`${told}${event.type === 'end' && event.outcome !== 'stopped' ? ` (${pace.ended} of ${view.tasks})` : ''}\n`);
    },
    end: () => clearInterval(timer),
  };
}

/** The display that suits the terminal; with `quiet`, failures only. */
export async function poolDisplay(view: PoolView, terminal: Terminal, quiet: boolean): Promise<PoolDisplay> {
  if (quiet) {
    const report = (event: PoolEvent): void => {
      const told = event.type === 'end' ? remark(event, view) : undefined;
      if (told !== undefined) terminal.err(`${told}\n`);
    };
    return { report, end: () => {} };
  }
  // cli-progress prints junk where stderr is not a terminal.
  return terminal.isErrorTerminal ? await barsDisplay(view, terminal) : linesDisplay(view, terminal);
}
