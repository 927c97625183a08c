// Gives what ships the modes that git has, whatever the umask was when it was checked out and built: npm packs modes as they
// are on disk, and the same commit is to give the same tarball everywhere.
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const { files, bin } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
const executables = Object.values(bin);

for (const shipped of ['package.json', ...files]) {
  const inside = statSync(join(project, shipped)).isDirectory() ? readdirSync(join(project, shipped), { recursive: true }) : [''];
  for (const name of inside.map((file) => join(shipped, file))) {
    if (statSync(join(project, name)).isFile()) chmodSync(join(project, name), executables.includes(name) ? 0o755 : 0o644);
  }
}
