/** The scenarios, in the order in which they are tried. One more is a file and a row here. */

import { awkwardName } from './awkward-name.js';
import { disturbedSweep } from './disturbed-sweep.js';
import { pieces } from './pieces.js';
import { shards } from './shards.js';

/** @type {readonly {name: string, run(context: import('../context.js').SlurmContext): Promise<void>}[]} */
export const scenarios = [awkwardName, pieces, shards, disturbedSweep];
