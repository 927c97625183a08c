/** What of a training's events is told where nothing is to be shown. */

import { expect, test } from '@jest/globals';

import { progressDisplay } from '../../src/cli/progress.js';
import type { Terminal } from '../../src/cli/terminal.js';

test('--quiet keeps warnings to itself, but not that something could not be written', async () => {
  let told = '';
  const terminal = { err: (text: string) => void (told += text), isInteractive: false } as unknown as Terminal;
  const { report } = await progressDisplay(terminal, { every: { updates: 1 } }, true);
  report({ type: 'start', update: 0, length: 9, updatesPerEpoch: 3, examples: 6 });
  report({ type: 'update', update: 1 });
  report({ type: 'warning', message: 'the model has learned nothing' });
  report({ type: 'warning', message: 'no space left on the device', isFailure: true });
  expect(told).toBe('warning: no space left on the device\n');
});
