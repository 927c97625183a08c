/**
 * Diagnostics that no section of their own knows: their figures as tables.
 */

import { findingsTable } from '../diagnostic-charts.js';
import type { Section } from '../section.js';
import { words } from '../verdict.js';

/** Diagnostics with a section of their own. */
const shown = new Set(['gradientAccuracy', 'spuriousMass', 'mixing', 'fit']);

/** The section. */
export const otherDiagnosticsSection: Section = {
  name: 'diagnostics',
  title: 'Other diagnostics',
  make({ run }) {
    const names = [...new Set(run.events.flatMap(({ diagnostics }) => Object.keys(diagnostics ?? {})))].filter((name) => !shown.has(name));
    const tables = names.flatMap((name) => findingsTable(run, name).map((table) => ({ ...table, caption: `${words(name)}: ${table.caption}`, isFolded: false })));
    return tables.length === 0 ? undefined : { tables };
  },
};
