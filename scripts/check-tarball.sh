#!/usr/bin/env bash
# Packs the project as npm would publish it, installs the tarball into an empty folder, and uses it there: the command,
# the shipped configs, the library and its types.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$project"
tarball=$(npm pack --silent --pack-destination "$folder" | tail -n 1)
cd "$folder"
npm init --yes > /dev/null
npm install --no-audit --no-fund "./$tarball" > /dev/null
[ "$(npx rbm-train --version)" = "$(node -p "require('$project/package.json').version")" ]
npx rbm-train init start.json 2> /dev/null
npx rbm-train --config start.json --dry-run --quiet > /dev/null
npx rbm-train --config node_modules/rbm-train/configs/exact.json --set training.updates=50 --quiet
npx rbm-train verify runs/exact --quiet
cat > library.mjs <<'JS'
import { exactLogPartitionFunction, loadKernels, readModelFile } from 'rbm-train';
const { parameters } = readModelFile(process.argv[2], {});
const logZ = await exactLogPartitionFunction(await loadKernels('reference'), parameters);
if (!Number.isFinite(logZ)) throw new Error(`log Z is ${logZ}`);
JS
node library.mjs runs/exact/checkpoints/update-0000000000050.safetensors
[ -f node_modules/rbm-train/dist/index.d.ts ] && [ -f node_modules/rbm-train/schema.json ]
echo "tarball ok: $tarball"
