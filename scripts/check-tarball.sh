#!/usr/bin/env bash
# Packs the project as npm would publish it, twice, which must give the same bytes; installs the tarball into an empty folder, and
# uses it there: the command, the shipped configs, the library and its types. No script runs at its installation.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$project"
tarball=$(npm pack --silent --pack-destination "$folder" | tail -n 1)
# Elsewhere, later, by somebody who keeps new files to themselves, and without the scripts of any dependency.
(
  umask 077
  other="$folder/another place"
  mkdir -p "$other/packed"
  git ls-files --cached --others --exclude-standard -z | tar --null --files-from=- --ignore-failed-read -cf - 2> /dev/null |
    tar -xf - --no-same-permissions -C "$other"
  cd "$other"
  npm ci --ignore-scripts --no-audit --no-fund > /dev/null
  npm pack --silent --pack-destination packed > /dev/null
)
if ! cmp "$folder/$tarball" "$folder/another place/packed/$tarball"; then
  echo "packing twice does not give the same bytes" >&2
  exit 1
fi

cd "$folder"
npm init --yes > /dev/null
npm install --no-audit --no-fund "./$tarball" > /dev/null
node -e '
  const { scripts } = JSON.parse(require("fs").readFileSync("node_modules/rbm-train/package.json", "utf8"));
  // `prepare` is for installations from git only: npm does not run it for a tarball.
  const own = ["preinstall", "install", "postinstall"].filter((name) => name in scripts);
  if (own.length > 0) throw new Error(`the package has scripts that run at its installation: ${own.join(", ")}`);
'
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
if npm audit > audit.txt 2>&1; then
  tail -n 1 audit.txt
elif grep -q 'audit endpoint returned an error' audit.txt; then
  echo "SKIPPED: npm audit, which this registry does not answer: $(grep -m 1 'npm warn audit' audit.txt || true)"
else
  cat audit.txt
  exit 1
fi
echo "tarball ok, twice the same bytes: $tarball $(sha256sum "$tarball" | cut -d ' ' -f 1)"
