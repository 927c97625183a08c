// Writes the files that are made from the schema table: schema.json for editors, configs/KEYS.md for people.
// Run after a build: npm run generate. A test fails where they are out of date.
import { writeFileSync } from 'node:fs';
import { generatedFiles } from '../dist/run/generated-files.js';

for (const [name, text] of generatedFiles()) writeFileSync(new URL(`../${name}`, import.meta.url), text);
