import { availableParallelism } from 'node:os';

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
