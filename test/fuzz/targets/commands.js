/** Checkpoints of any content, behind a right checksum, as the commands get them. */

import { writeFileSync } from 'node:fs';

import { checkpointFile, sealCheckpoint } from './checkpoint.js';
import { faultOfCommand, pathOf, runCommand } from './folder.js';

const bars = ['--data', 'bars-and-stripes', '--set', 'data.height=2', '--set', 'data.width=2'];

const commands = [
  ['inspect', 'model.safetensors'],
  ['inspect', 'model.safetensors', '--json'],
  ['export', 'model.safetensors', '--npz', 'model.npz'],
  ['evaluate', 'model.safetensors', ...bars, '--threads', '1'],
  ['evaluate', 'model.safetensors', ...bars, '--json', '--threads', '1', '--estimator', 'ais', '--chains', '10', '--temperatures', '10'],
  ['sample', 'model.safetensors', '--count', '3', '--steps', '2'],
  ['sample', 'model.safetensors', '--count', '2', '--steps', '2', '--means', '--output', 'samples.png'],
  ['sample', 'model.safetensors', '--count', '2', '--steps', '2', '--rungs', '3', '--json'],
  ['transform', 'model.safetensors', ...bars],
];

/** @type {import('./index.js').Target} */
export const commandsTarget = {
  name: 'commands',
  cost: 20,
  generate: (draw) => ({ ...checkpointFile(draw), expected: undefined }),
  async run(bytes) {
    writeFileSync(pathOf('model.safetensors'), bytes);
    // Which one depends on the file alone, so that a file that failed fails again.
    return runCommand(commands[bytes.reduce((sum, byte) => sum + byte, 0) % commands.length]);
  },
  // 2: the data do not fit the units.
  check: (outcome) => faultOfCommand(outcome, [0, 2, 3], outcome.args[0] === 'inspect'),
  seal: sealCheckpoint,
  memory: (bytes) => 64 * bytes.length + (64 << 20),
};
