/**
 * Puts the plotting library and all that it needs into dist/report/plotting-library.js, and the licences of these packages
 * beside it. Part of `npm run build`, after tsc.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'dist/report/plotting-library.js');

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['dist/report/plotting-library.js'],
  outfile: target,
  allowOverwrite: true,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minify: true,
  legalComments: 'none',
  metafile: true,
});

/** Folders of the packages that went in. */
const folders = new Set(
  Object.keys(metafile.inputs).flatMap((path) => {
    const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path);
    return found === null ? [] : [found[0]];
  }),
);
const notices = [...folders].toSorted().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  if (!/^(MIT|ISC|BSD-[23]-Clause|Apache-2\.0|Unlicense)$/.test(license)) throw new Error(`${name} is under ${license}: may it be shipped?`);
  const file = readdirSync(join(root, folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
});
writeFileSync(target.replace(/\.js$/, '.licences.txt'), notices.join(`\n${'-'.repeat(80)}\n\n`));
