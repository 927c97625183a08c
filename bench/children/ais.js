/**
 * rbm-train as a contender in annealed importance sampling; one piece of work is one temperature of all chains.
 */

import { annealForwardLogZ, openKernels, readParameters } from './library.js';
import { serve } from './serve.js';

await serve(async (settings) => {
  const kernels = await openKernels(settings.backend, settings.threads);
  const parameters = readParameters(settings.parametersFile, settings.visibleUnits, settings.hiddenUnits);
  return {
    about: { threads: kernels.threads },
    async run(count) {
      return { value: await annealForwardLogZ(kernels, parameters, settings.chains, count) };
    },
    close: () => kernels.close(),
  };
});
