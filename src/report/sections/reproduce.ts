/**
 * The config, and how to get the same bits again.
 */

import { posix, win32 } from 'node:path';
import { parametersDigest } from '../../checkpoint/digest.js';
import { count } from '../numbers.js';
import type { RunRecord } from '../run-record.js';
import type { Section } from '../section.js';

/** What decides nothing: where the run lies, and how it was executed. */
const executionKeys = ['output', 'checkpoint', 'report', 'log', 'execution'];

/** The config without what decides nothing, and without the folders of the machine that it ran on. */
function shownConfig(run: RunRecord): unknown {
  const entries = Object.entries(run.config as unknown as Record<string, unknown>).filter(([name]) => !executionKeys.includes(name));
  const withoutFolders = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(withoutFolders);
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutFolders(item)]));
    if (typeof value !== 'string') return value;
    return posix.isAbsolute(value) ? posix.basename(value) : win32.isAbsolute(value) ? win32.basename(value) : value;
  };
  return withoutFolders(Object.fromEntries(entries));
}

/** The section. */
export const reproduceSection: Section = {
  name: 'reproduce',
  title: 'Config, and how to reproduce it',
  make({ run }) {
    const { checkpoint, result } = run;
    const { identity, progress, parameters } = checkpoint;
    const isFinished = typeof result?.digest === 'string';
    const digest = isFinished ? (result.digest as string) : parametersDigest(parameters);
    const length = isFinished ? '' : ` --set training.updates=${progress.update}`;
    const commands = [
      '# Train it again, and fail unless the parameters are the same bits:',
      `rbm-train --config config.json --output again${length} --expect ${digest}`,
      '# The same, without keeping the new run:',
      `rbm-train verify <run>${isFinished ? '' : ' --allow-incomplete'}`,
    ];
    return {
      paragraphs: [
        'The parameters are a function of the config, the data and the numerics version: any machine, any number of threads and either backend give the digest below. ' +
          'The config is the run’s config.json without the keys that decide nothing (places, cadence of checkpoints and logs, threads); names of files stand without their folders.',
      ],
      listings: [
        { caption: 'Commands', text: commands.join('\n') },
        { caption: 'Config', text: JSON.stringify(shownConfig(run), undefined, 2) },
      ],
      tables: [
        {
          caption: isFinished ? 'What the run is' : 'What the run is, at its latest checkpoint',
          columns: ['what', 'value'],
          rows: [
            ['digest of the parameters', digest],
            ['updates', count(progress.update)],
            ['config hash', identity.configHash],
            ['fingerprint of the data', identity.dataFingerprint],
            ['numerics version', String(identity.numericsVersion)],
            ['rbm-train', identity.version],
          ],
        },
      ],
    };
  },
};
