/**
 * What the units of a new model are: as the config says, else as the model file, else as the data are.
 */

import type { ModelFile } from '../checkpoint/model-file.js';
import type { UnitsIdentity } from '../checkpoint/checkpoint.js';
import { configError, type LoadedConfig } from '../config/index.js';
import type { RunConfig } from '../config/run-config.js';
import type { Dataset } from '../datasets/index.js';
import { log, type VisibleLayer } from '../kernels/index.js';
import { binaryModelUnits, unitType, type Declared, type DeclaredParameters, type ModelUnits, type UnitName } from '../model/units/index.js';

/** What data of a layer are called. */
const dataNames: Readonly<Record<VisibleLayer['kind'], string>> = { binary: 'binary', gaussian: 'real', categorical: 'categorical' };

/** Whether two layers are the same, groups and all. */
export function areSameLayers(one: VisibleLayer, other: VisibleLayer): boolean {
  if (one.kind !== 'categorical' || other.kind !== 'categorical') return one.kind === other.kind;
  return one.groups.join() === other.groups.join();
}

/** Why units can't have these data, in words; undefined where they can. */
export function misfitOf(units: UnitName, data: VisibleLayer): string | undefined {
  const { standard } = unitType(units);
  return standard === data.kind ? undefined : `${units} visible units need ${dataNames[standard]} data, and these are ${dataNames[data.kind]}`;
}

/** What the config, or the model file, says of a layer's units; refuses where both do and disagree. */
function unitsOfLayer(loaded: LoadedConfig, layer: 'visible' | 'hidden', asked: UnitName | undefined, start: ModelFile | undefined): UnitName | undefined {
  const saved = start?.checkpoint === undefined ? undefined : (start.parameters.units ?? binaryModelUnits)[layer];
  if (asked !== undefined && saved !== undefined && asked !== saved) {
    throw configError(loaded, `model.${layer}`, `asks for ${asked} units, but those of the model file are ${saved}`, `Leave out model.${layer}.`);
  }
  return asked ?? saved;
}

/**
 * The units of the model that a config asks for, with their variances where these are not all 1 or are learned.
 *
 * @param start the model file that training starts from
 * @throws RbmError 'usage' where units do not fit the data or the model file
 */
export function declareUnits(loaded: LoadedConfig, dataset: Dataset, start?: ModelFile): Declared {
  const { model, training } = loaded.config as unknown as RunConfig;
  const visible = unitsOfLayer(loaded, 'visible', model.visible?.units, start) ?? dataset.layer.kind;
  const hidden = unitsOfLayer(loaded, 'hidden', model.hidden?.units, start) ?? 'binary';
  const misfit = misfitOf(visible, dataset.layer);
  if (misfit !== undefined) {
    const hint = `Choose data.values: ${dataNames[unitType(visible).standard]}, or other units.`;
    throw configError(loaded, model.visible === undefined ? 'model.from' : 'model.visible.units', misfit, hint);
  }
  const savedLayer = start?.checkpoint === undefined ? undefined : start.parameters.visibleLayer;
  if (savedLayer !== undefined && !areSameLayers(savedLayer, dataset.layer)) {
    throw configError(loaded, 'model.from', 'the groups of its visible units are not those of the data', 'Choose the data that the model was made for.');
  }
  if (hidden === 'ising' && training.sparsity !== undefined) {
    throw configError(loaded, 'training.sparsity', 'is a share of hidden units that are on: it needs binary ones', 'Leave it out, or model.hidden.');
  }
  const { variance: asked, varianceValue } = model.visible ?? {};
  const variance = asked ?? start?.parameters.units?.variance;
  const isLearned = variance === 'learned';
  const saved = varianceValue === undefined ? start?.parameters.visibleLogVariance : undefined;
  const startValue = varianceValue ?? 1;
  const own = isLearned || startValue !== 1 ? new Float64Array(dataset.columns).fill(log(startValue)) : undefined;
  const visibleLogVariance = visible === 'gaussian' ? (saved ?? own) : undefined;
  if (visibleLogVariance !== undefined && training.centring !== undefined) {
    throw configError(loaded, 'training.centring', 'needs visible units of variance 1', 'Leave it out, or use model.visible.variance: fixed on standardized data.');
  }
  if (visible === 'binary' && hidden === 'binary') return {};
  return {
    units: { visible, hidden, ...(isLearned && { variance: 'learned' as const }) },
    ...(visibleLogVariance !== undefined && { visibleLogVariance }),
  };
}

/** What a checkpoint says of these parameters' units; undefined where both layers are binary. */
export function unitsIdentity({ units, visibleLayer }: DeclaredParameters): UnitsIdentity | undefined {
  if (units === undefined) return undefined;
  return { ...units, ...(visibleLayer?.kind === 'categorical' && { groups: Array.from(visibleLayer.groups) }) };
}

/** Units in words, as `gaussian × binary`. */
export function describeUnits({ visible, hidden, variance }: ModelUnits): string {
  return `${visible}${variance === 'learned' ? ' (learned variances)' : ''} visible × ${hidden} hidden`;
}
