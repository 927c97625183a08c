/**
 * What holds in all test files.
 *
 * Property tests draw the same cases at every run, so that a change that lands does not fail by chance, nor passes by it.
 * `RBM_PROPERTY_SEED=<integer>` draws others (`$RANDOM` for new ones each time); a failure prints the seed it was found with.
 */

import { configureGlobal } from 'fast-check';

configureGlobal({ seed: Number(process.env.RBM_PROPERTY_SEED ?? 1) });
