/**
 * What holds for all tests.
 *
 * Property tests draw the same cases at every run, so that a change that lands does not fail by chance, nor passes by it.
 * `RBM_PROPERTY_SEED=<integer>` draws others (`$RANDOM` for new ones each time); a failure prints the seed it was found with.
 *
 * Trainings write no report.html where a test is about something else: it would be half of the time that they take.
 */

import { configureGlobal } from 'fast-check';

configureGlobal({ seed: Number(process.env.RBM_PROPERTY_SEED ?? 1) });
process.env.RBM_TRAIN_REPORT ??= 'never';
