/**
 * rbm-train as a contender in exact log Z; one piece of work is one whole log Z.
 */

import { exactLogZ, openKernels, readParameters } from './library.js';
import { serve } from './serve.js';

await serve(async (settings) => {
  const kernels = await openKernels(settings.backend, settings.threads);
  const parameters = readParameters(settings.parametersFile, settings.visibleUnits, settings.hiddenUnits);
  return {
    about: { threads: kernels.threads, statesPerCount: 2 ** Math.min(settings.visibleUnits, settings.hiddenUnits) },
    async run(count) {
      let value;
      for (let evaluation = 0; evaluation < count; evaluation++) value = await exactLogZ(kernels, parameters);
      return { value };
    },
    close: () => kernels.close(),
  };
});
