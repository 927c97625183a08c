/**
 * `rbm-train inspect`: what is in a checkpoint or model file.
 */

import { parametersDigest } from '../checkpoint/digest.js';
import { exitCodes, printable } from '../errors.js';
import { canonicalSum } from '../kernels/index.js';
import { parameterTensors } from '../model/parameters.js';
import { describeUnits } from '../run/units.js';
import { addModelOptions, readModelArgument, type ModelOptions } from './arguments.js';
import { criterionName, nats, table } from './figures.js';
import { jsonText } from './json-output.js';
import type { DefineCommand } from './options.js';
import type { Terminal } from './terminal.js';

interface TensorSummary {
  name: string;
  shape: readonly number[];
  minimum: number;
  maximum: number;
  mean: number;
  rootMeanSquare: number;
}

function summarise(name: string, shape: readonly number[], values: Float64Array | Uint8Array): TensorSummary {
  let minimum = Infinity;
  let maximum = -Infinity;
  const floats = Float64Array.from(values);
  for (const value of floats) {
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  const count = floats.length;
  // Where squares would overflow or vanish, all is measured in the largest value.
  const largest = Math.max(-minimum, maximum);
  const unit = largest > 1e140 || (largest > 0 && largest < 1e-140) ? largest : 1;
  const measured = floats.map((value) => value / unit);
  const mean = unit * (canonicalSum(measured) / count);
  const rootMeanSquare = unit * Math.sqrt(canonicalSum(measured.map((value) => value * value)) / count);
  return { name, shape, minimum, maximum, mean, rootMeanSquare };
}

function inspect(argument: string, options: ModelOptions, terminal: Terminal): void {
  const model = readModelArgument(argument, options, terminal);
  const { parameters, checkpoint } = model;
  const tensors = parameterTensors(parameters).map(({ name, shape, values }) => summarise(name, shape, values));
  if (checkpoint !== undefined) {
    const velocity = checkpoint.velocity === undefined ? [] : parameterTensors(checkpoint.velocity);
    for (const { name, shape, values } of velocity) tensors.push(summarise(`velocity.${name}`, shape, values));
    for (const [name, { shape, values }] of checkpoint.state) tensors.push(summarise(`state.${name}`, shape, values));
    for (const [name, { shape, values }] of checkpoint.updates ?? []) tensors.push(summarise(`updates.${name}`, shape, values));
    for (const [name, { shape, values }] of checkpoint.tracking ?? []) tensors.push(summarise(`tracking.${name}`, shape, values));
    for (const [name, { shape, values }] of checkpoint.diagnostics ?? []) tensors.push(summarise(`diagnostics.${name}`, shape, values));
  }
  const { visibleUnits, hiddenUnits, units } = parameters;
  const digest = parametersDigest(parameters);
  if (options.json) {
    const { progress, identity } = checkpoint ?? {};
    terminal.out(`${jsonText({ file: model.file, visibleUnits, hiddenUnits, ...(units && { units }), digest, progress, identity, tensors })}\n`);
    return;
  }
  const lines = [printable(model.file), `RBM of ${visibleUnits} visible × ${hiddenUnits} hidden units`, `digest ${digest}`];
  if (units !== undefined) lines.splice(2, 0, `units ${describeUnits(units)}`);
  if (checkpoint === undefined) {
    lines.push('model of another tool: no progress, no config');
  } else {
    const { progress, identity } = checkpoint;
    lines.push(
      `update ${progress.update}`,
      `written by rbm-train ${printable(identity.version)}, numerics version ${identity.numericsVersion}`,
      `config hash ${printable(identity.configHash)}`,
      `data ${printable(identity.dataFingerprint)}`,
      'config',
      ...JSON.stringify(identity.config, undefined, 2).split('\n').map((line) => `  ${printable(line)}`),
    );
    if (progress.best !== undefined) lines.push(`best validation ${criterionName(progress.best.criterion)} ${nats(progress.best.value)} at update ${progress.best.update}`);
  }
  const rows = tensors.map(({ name, shape, minimum, maximum, mean, rootMeanSquare }) => [
    printable(name),
    shape.join(' × '),
    ...[minimum, maximum, mean, rootMeanSquare].map((value) => value.toPrecision(5)),
  ]);
  lines.push(table([['tensor', 'shape', 'minimum', 'maximum', 'mean', 'root mean square'], ...rows]));
  terminal.out(`${lines.join('\n')}\n`);
}

/** Defines the command. */
export const inspectCommand: DefineCommand = (command, terminal, finish) => {
  addModelOptions(command).action((model: string, options: ModelOptions) => {
    inspect(model, options, terminal);
    finish(exitCodes.ok);
  });
};
