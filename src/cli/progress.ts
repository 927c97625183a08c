/**
 * What a person sees while a run goes on: a bar on a terminal, one log line per interval elsewhere.
 */

import type { LogConfig } from '../config/run-config.js';
import { extentInUpdates } from '../training/schedules.js';
import { resultFigures, type Report, type RunEvent } from '../run/events.js';
import { barLook } from './bar-look.js';
import { briefFigures } from './figures.js';
import type { Terminal } from './terminal.js';

/** Shows events; `end` leaves the terminal tidy. */
export interface ProgressDisplay {
  readonly report: Report;
  end(): void;
}

/** 83 → 1m23s */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(whole / 3600)}h${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
}

/** Progress so far, in the units that people think in. */
class Pace {
  update = 0;
  length = 0;
  updatesPerEpoch = 1;
  latest = '';
  #examplesPerUpdate = 0;
  #firstUpdate = 0;
  #start = performance.now();

  start(event: RunEvent & { type: 'start' }): void {
    this.update = event.update;
    this.length = event.length;
    this.updatesPerEpoch = event.updatesPerEpoch;
    this.#examplesPerUpdate = event.examples / event.updatesPerEpoch;
    this.#firstUpdate = event.update;
    this.#start = performance.now();
  }

  describe(): { epoch: string; speed: string; left: string } {
    const seconds = (performance.now() - this.#start) / 1000;
    const rate = (this.update - this.#firstUpdate) / seconds;
    const epochs = this.length / this.updatesPerEpoch;
    const digits = Number.isInteger(epochs) && this.updatesPerEpoch >= 10 ? 1 : 0;
    return {
      epoch: `${(this.update / this.updatesPerEpoch).toFixed(digits)}/${epochs.toFixed(0)}`,
      speed: rate > 0 ? `${Math.round(rate * this.#examplesPerUpdate)} examples/s` : '– examples/s',
      left: rate > 0 ? duration((this.length - this.update) / rate) : '–',
    };
  }
}

async function barDisplay(terminal: Terminal): Promise<ProgressDisplay> {
  const { Presets, SingleBar } = await import('cli-progress');
  const pace = new Pace();
  const bar = new SingleBar({
    ...barLook(terminal, Presets.shades_classic),
    format: '{bar} {percentage}%  {left} left  {latest}  epoch {epoch}  {speed}',
    etaBuffer: 100,
  });
  let lastDrawn = 0;
  const payload = (): Record<string, string> => ({ ...pace.describe(), latest: pace.latest });
  const report: Report = (event) => {
    switch (event.type) {
      case 'start':
        pace.start(event);
        bar.start(event.length, event.update, payload());
        break;
      case 'update':
        pace.update = event.update;
        // Formatting costs more than a small model's update.
        if (performance.now() - lastDrawn < 100) break;
        lastDrawn = performance.now();
        bar.update(event.update, payload());
        break;
      case 'evaluating':
        bar.update(pace.update, { ...payload(), latest: `evaluating ${Math.round(event.share * 100)}%` });
        break;
      case 'evaluation':
        pace.latest = briefFigures(resultFigures(event), event.figures.splits.validation === undefined ? 'train' : 'validation');
        bar.update(pace.update, payload());
        break;
      case 'warning':
        terminal.err(`\nwarning: ${event.message}\n`);
        break;
      case 'checkpoint':
        break;
    }
  };
  return { report, end: () => bar.stop() };
}

function logDisplay(terminal: Terminal, log: LogConfig): ProgressDisplay {
  const pace = new Pace();
  let interval = Infinity;
  let seconds = Infinity;
  let lastTime = performance.now();
  const line = (): void => {
    const { epoch, speed, left } = pace.describe();
    const latest = pace.latest === '' ? '' : `  ${pace.latest}`;
    terminal.err(`update ${pace.update}/${pace.length}  epoch ${epoch}  ${speed}  ${left} left${latest}\n`);
    lastTime = performance.now();
  };
  const report: Report = (event) => {
    switch (event.type) {
      case 'start':
        pace.start(event);
        if (log.every.seconds === undefined) interval = extentInUpdates(log.every, event.updatesPerEpoch);
        else seconds = log.every.seconds;
        break;
      case 'update':
        pace.update = event.update;
        if (event.update % interval === 0 || performance.now() - lastTime >= seconds * 1000) line();
        break;
      case 'evaluation':
        pace.latest = `${briefFigures(resultFigures(event))} (at update ${event.update})`;
        break;
      case 'warning':
        terminal.err(`warning: ${event.message}\n`);
        break;
      case 'evaluating':
      case 'checkpoint':
        break;
    }
  };
  return { report, end: () => {} };
}

/** What is told where nothing is to be shown. */
function quietDisplay(terminal: Terminal): ProgressDisplay {
  const report: Report = (event) => {
    if (event.type === 'warning' && event.isFailure === true) terminal.err(`warning: ${event.message}\n`);
  };
  return { report, end: () => {} };
}

/** The display that suits the terminal; with `quiet`, none but of failures. */
export async function progressDisplay(terminal: Terminal, log: LogConfig, quiet: boolean): Promise<ProgressDisplay> {
  if (quiet) return quietDisplay(terminal);
  // cli-progress prints junk where stderr is not a terminal.
  return terminal.isErrorTerminal ? await barDisplay(terminal) : logDisplay(terminal, log);
}
