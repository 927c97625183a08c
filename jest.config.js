import { availableParallelism } from 'node:os';

// Trainings write no report.html where a test is about something else: it would be half of the time that they take. Set here,
// all processes inherit it; in a test file, only those that are given its copy of the environment.
process.env.RBM_TRAIN_REPORT ??= 'never';

/** Tests run as native ES modules: see test/setup/es-modules.test.ts for the check that this is so. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } }],
  },
  setupFiles: ['<rootDir>/test/setup/environment.ts'],
  // Jest leaves one core idle; on two that doubles the time.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testTimeout: 120_000,
};
