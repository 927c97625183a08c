/**
 * The contract of a section of the report: one topic, one file, one row in the registry of sections.
 */

import type { Kernels, Model } from '../kernels/index.js';
import type { Dataset } from '../datasets/index.js';
import type { RunRecord } from './run-record.js';

/** A picture of the report, which can also be had as a file of its own. */
export interface Picture {
  /** Name of its file without extension: lower case, words joined by `-`. */
  readonly name: string;
  readonly title: string;
  /** Text alternative: what the picture shows, with its main numbers. */
  readonly alternative: string;
  /** What to look for; one or two sentences, plain text. */
  readonly caption?: string;
  /** A chart as an SVG element (`<svg …>…</svg>`), colours by `currentColor` and the page's custom properties. */
  readonly svg?: string;
  /** Or an image as PNG, in pixels of the data, with the factor that it is shown enlarged by. */
  readonly png?: { readonly bytes: Uint8Array; readonly width: number; readonly height: number; readonly scale: number };
  /** The picture's numbers, folded up below it. */
  readonly data?: Table;
}

/** A table of the report; cells are plain text. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Whether it is shown only when it is asked for. */
  readonly isFolded?: boolean;
}

/** A number that is to be seen first. */
export interface Headline {
  readonly label: string;
  readonly value: string;
  /** What it is: an interval, exact or estimated. */
  readonly note?: string;
}

/** What to think of the run, or a warning, in plain words. */
export interface Remark {
  readonly kind: 'good' | 'neutral' | 'warning';
  readonly text: string;
  /** The numbers that it was concluded from. */
  readonly evidence?: string;
}

/** A text to be copied: commands, a config. */
export interface Listing {
  readonly caption: string;
  readonly text: string;
}

/** What a section shows, from top to bottom. */
export interface SectionContent {
  readonly headlines?: readonly Headline[];
  readonly remarks?: readonly Remark[];
  /** Plain text paragraphs. */
  readonly paragraphs?: readonly string[];
  readonly pictures?: readonly Picture[];
  readonly listings?: readonly Listing[];
  readonly tables?: readonly Table[];
}

/** What sections are made from. */
export interface SectionContext {
  readonly run: RunRecord;
  /** The run's data; undefined where they can't be had (moved, or left out while a run is watched). */
  readonly dataset?: Dataset;
  /** Kernels, and the run's model in standard units, for sections that sample. */
  readonly kernels: Kernels;
  readonly model: Model;
  readonly pause?: () => Promise<void>;
}

/** A section. */
export interface Section {
  /** Anchor on the page. */
  readonly name: string;
  readonly title: string;
  /** Its content; undefined where the run has nothing for it. */
  make(context: SectionContext): SectionContent | undefined | Promise<SectionContent | undefined>;
}
