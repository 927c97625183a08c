/**
 * `--dry-run`: what a run would do, without doing it.
 */

import { printable } from '../errors.js';
import { stateBytes } from '../kernels/index.js';
import { parameterCount } from '../model/parameters.js';
import { diagnosticBytes } from '../run/diagnosis.js';
import { checkpointBytes, describeBytes, memoryDemands, parameterBytes } from '../run/memory.js';
import { describeCost, splitStates, type PreparedRun } from '../run/prepare.js';
import { evaluationInterval } from '../run/train-run.js';
import { jsonText } from './json-output.js';
import type { Terminal } from './terminal.js';

/**
 * Prints what a run would do: shapes, length, memory, files.
 *
 * @param from update that it would continue after; undefined for a new run
 */
export function dryRun(prepared: PreparedRun, from: number | undefined, asJson: boolean, terminal: Terminal): void {
  const { config, dataset, kernels, parameters, length, updatesPerEpoch } = prepared;
  const { visibleUnits, hiddenUnits } = parameters;
  const demands = memoryDemands(config.training, parameters, dataset.splits.train.rows);
  const splits = Object.entries(splitStates(dataset, {}));
  const dataBytes = splits.reduce((sum, [, states]) => sum + stateBytes(states), 0);
  const tracking = prepared.tracking === undefined ? '' : ` every ${prepared.tracking.every} updates with ${prepared.tracking.settings.chains} chains`;
  const interval = evaluationInterval(config.evaluation.every, updatesPerEpoch);
  if (asJson) {
    terminal.out(
      `${jsonText({
        visibleUnits,
        hiddenUnits,
        updates: length,
        updatesPerEpoch,
        splits: Object.fromEntries(splits.map(([name, { rows }]) => [name, rows])),
        parameterBytes: parameterBytes(parameters),
        dataBytes,
        memoryBytes: demands.reduce((sum, [, , count]) => sum + count, dataBytes),
        exactLogLikelihood: prepared.logLikelihood === 'exact',
        logLikelihood: prepared.logLikelihood,
        exactCost: prepared.exactCost,
        backend: kernels.name,
        threads: kernels.threads,
        configHash: prepared.identity.configHash,
        dataFingerprint: dataset.fingerprint,
        output: config.output,
      })}\n`,
    );
    return;
  }
  const lines = [
    `data        ${printable(dataset.name)}: ${splits.map(([name, { rows }]) => `${name} ${rows}`).join(', ')} examples × ${dataset.columns} columns`,
    `model       ${visibleUnits} visible × ${hiddenUnits} hidden units, ${parameterCount(parameters)} parameters`,
    `training    ${config.training.algorithm}, ${length} updates, ${updatesPerEpoch} per epoch${from === undefined ? '' : `; continues after update ${from}`}`,
    `evaluation  ${interval === Infinity ? 'at the end' : `every ${interval} updates and at the end`}; log-likelihood ${
      prepared.logLikelihood
    }${tracking} (one exact log Z: ${describeCost(parameters)})`,
    `execution   ${kernels.name} kernels, ${kernels.threads === 1 ? 'one thread' : `${kernels.threads} threads`}`,
    `memory      ${demands.map(([, what, count]) => `${what} ${describeBytes(count)}`).join(', ')}, the data ${describeBytes(dataBytes)}; Node.js itself not counted`,
    `would write ${printable(config.output, 1000)}: config.json, metrics.jsonl, ${config.checkpoint.keep} checkpoints and best.safetensors of about ${describeBytes(checkpointBytes(config.training, parameters, prepared.tracking?.settings.chains, diagnosticBytes(prepared.diagnostics)))}, result.json, execution.json`,
    `config hash ${prepared.identity.configHash}`,
    `data        ${dataset.fingerprint}`,
    'dry run: nothing was trained or written',
  ];
  terminal.out(`${lines.join('\n')}\n`);
}
