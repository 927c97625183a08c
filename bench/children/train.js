/**
 * rbm-train as a contender in training: the library's Trainer, as the CLI's training loop calls it.
 */

import { readFileSync } from 'node:fs';

import { packBinaryMatrix } from '../../dist/kernels/index.js';
import { automaticThreads, createTrainer, openKernels, readParameters, trainedParameters, unitsOf, writeParameters } from './library.js';
import { serve } from './serve.js';

await serve(async (settings) => {
  const { visibleUnits, hiddenUnits, rows, algorithm, k, chains, batch, learningRate } = settings;
  const config = {
    algorithm,
    k,
    ...(algorithm === 'sml' && { chains, chainStart: 'data' }),
    batchSize: batch,
    order: 'shuffled',
    learningRate,
    momentum: 0,
    weightDecay: { l1: 0, l2: 0 },
    ...settings.training,
  };
  const threads = settings.threads ?? automaticThreads(config, { visibleUnits, hiddenUnits }, rows);
  const kernels = await openKernels(settings.backend, threads);
  const binary = packBinaryMatrix(readFileSync(settings.dataFile), rows, visibleUnits);
  const { states, declared } = unitsOf(settings.units, binary);
  const parameters = { ...readParameters(settings.parametersFile, visibleUnits, hiddenUnits), ...declared };
  const trainer = await createTrainer(kernels, config, parameters, states);
  return {
    about: { threads: kernels.threads },
    async run(count) {
      let finite = true;
      for (let update = 0; update < count; update++) finite = await trainer.step();
      return { finite };
    },
    save: (path) => writeParameters(path, trainedParameters(trainer)),
    close: () => kernels.close(),
  };
});
