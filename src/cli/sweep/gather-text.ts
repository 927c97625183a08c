/**
 * The ranking of a sweep as text.
 */

import { printable } from '../../errors.js';
import { criterionText, shortNames, valueText, type RankedSetting, type SettingFigure } from '../../report/ranking.js';
import type { Gathered } from '../../sweep/gather.js';
import { nats, table } from '../figures.js';

/** Settings that are shown; results.json has all. */
const shownSettings = 20;

function intervalText(of: SettingFigure | RankedSetting['difference']): string {
  return of?.interval === undefined ? '–' : of.interval.map(nats).join(' … ');
}

function differenceText({ difference, standing }: RankedSetting): string {
  if (difference === undefined) return standing === 'best' ? 'best' : '–';
  return difference.interval === undefined ? nats(difference.mean) : `${nats(difference.mean)} (${intervalText(difference)})`;
}

function seedsText({ tasks, done, diverged }: RankedSetting): string {
  return `${done}/${tasks.length}${diverged === 0 ? '' : `, ${diverged} diverged`}`;
}

/** Rows of the best settings, and what must be known of them. */
export function describeGathered({ keys, runs, ranking, remarks }: Gathered): string {
  const { criterion, settings } = ranking;
  const explanations = remarks.map(({ kind, text }) => `${kind === 'warning' ? 'warning: ' : ''}${text}`);
  if (criterion === undefined) return explanations.join('\n');
  const hasConfigs = runs.some(({ config }) => config !== undefined);
  const shown = settings.slice(0, shownSettings);
  const header = ['rank', ...(hasConfigs ? ['config'] : []), ...shortNames(keys).map((name) => printable(name, 40)), 'mean', '95 % interval', 'minus the best (95 %)', 'seeds', 'test'];
  const rows = shown.map((setting) => [
    setting.rank === undefined ? '–' : `${setting.rank}${setting.standing === 'not told apart' ? '=' : ''}`,
    ...(hasConfigs ? [printable(setting.config ?? '', 40)] : []),
    ...keys.map((key) => printable(valueText(setting.values[key]), 40) || '–'),
    setting.figure === undefined ? '–' : nats(setting.figure.mean),
    intervalText(setting.figure),
    differenceText(setting),
    seedsText(setting),
    setting.test === undefined ? '–' : nats(setting.test.mean),
  ]);
  const lines = [`${settings.length} setting${settings.length === 1 ? '' : 's'} by ${criterionText(criterion)}, nats per example, mean over the seeds`, table([header, ...rows])];
  if (settings.length > shown.length) lines.push(`and ${settings.length - shown.length} more (--json has all)`);
  if (shown.some(({ standing }) => standing === 'not told apart')) lines.push('=: not told apart from the best');
  return [...lines, ...explanations].join('\n');
}
