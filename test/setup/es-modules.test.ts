/** Tests run as native ES modules, as the published code does: no CommonJS wrapper stands in between. */

import { describe, expect, test } from '@jest/globals';

import { version } from '../../src/version.js';

describe('this test file', () => {
  test('is a native ES module: import.meta is there, the names of CommonJS are not', () => {
    expect(new URL(import.meta.url).pathname.endsWith('/test/setup/es-modules.test.ts')).toBe(true);
    expect([typeof require, typeof module, typeof exports, typeof __filename]).toEqual(Array(4).fill('undefined'));
  });

  test('is in strict mode, with `this` undefined at its top level', () => {
    const topLevelThis = (() => this)() as unknown;
    expect(topLevelThis).toBeUndefined();
  });

  test('can import a source file that needs import.meta.url itself', () => {
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
  });

  test('imports namespaces that cannot be written to', async () => {
    const errors: Record<string, unknown> = await import('../../src/errors.js');
    expect(Object.prototype.toString.call(errors)).toBe('[object Module]');
    expect(() => {
      errors.RbmError = undefined;
    }).toThrow(TypeError);
  });
});
