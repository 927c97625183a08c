/** A resolved `data` section with the defaults of the common keys. */

import type { DataConfig } from '../../src/config/run-config.js';

export function dataConfig(config: Partial<DataConfig> & { source: string }): DataConfig {
  return { seed: 'data', binarize: 'none', invert: false, shuffle: true, ...config };
}
