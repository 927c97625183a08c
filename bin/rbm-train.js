#!/usr/bin/env node
const { run } = await import('../dist/cli/main.js').catch((error) => {
  // Too many open files, say: nothing of ours is there yet to tell it better.
  process.stderr.write(`rbm-train: its own files can't be read: ${error.message}\n`);
  process.exit(1);
});

await run();
