/**
 * Compiles the WebAssembly kernels from src/kernels/wasm/assembly into a text module that is committed, so that neither
 * users nor the build need the compiler. With --check it writes nothing and fails where the committed module is not what
 * the sources give.
 */

import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'src/kernels/wasm/assembly');
const target = join(root, 'src/kernels/wasm/module.ts');

/** Shared memory, so that threads can work on it; no runtime and no garbage collector: the host gives out memory. */
const options = [
  '-O3',
  '--converge',
  '--noAssert',
  '--runtime', 'stub',
  '--enable', 'simd,threads',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory', '1',
  '--maximumMemory', '65536',
  '--memoryBase', '1024',
];

/** SHA-256 over names and contents of the sources, and the options. */
function sourceHash() {
  const hash = createHash('sha256').update(JSON.stringify(options));
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.ts')).toSorted()) {
    hash.update(`\n${name}\n`).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex');
}

async function compile() {
  const temporary = mkdtempSync(join(tmpdir(), 'rbm-train-wasm-'));
  try {
    const file = join(temporary, 'kernels.wasm');
    const { error, stderr } = await main(['index.ts', '--baseDir', folder, '--outFile', file, ...options]);
    if (error) throw new Error(`${stderr.toString()}\n${error.message}`);
    process.stderr.write(stderr.toString());
    return readFileSync(file);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function moduleText(bytes) {
  const lines = bytes.toString('base64').match(/.{1,116}/g).map((line) => `  '${line}',`);
  return `/**
 * The compiled kernels. Generated from assembly/ by \`npm run build:wasm\`: don't edit.
 */

/** SHA-256 of the sources and the compiler's options. */
export const sourceHash = '${sourceHash()}';

/** The WebAssembly module, base64. */
export const moduleText = [
${lines.join('\n')}
].join('');
`;
}

const text = moduleText(await compile());
if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  process.stderr.write('src/kernels/wasm/module.ts is not what its sources give: run npm run build:wasm and commit it\n');
  process.exitCode = 1;
}
