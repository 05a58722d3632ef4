'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  globalSetup: '<rootDir>/__tests__/support/build.ts',
  setupFiles: ['<rootDir>/__tests__/support/shut-network.ts'],
  transform: {
    '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/__tests__/tsconfig.json' }],
  },
  testTimeout: 20_000,
  // Much of a test is waiting; Jest by itself would leave a core of two idle.
  maxWorkers: '100%',
};
