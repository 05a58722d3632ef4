'use strict';

/** @type {import('jest').Config} */
module.exports = {
  rootDir: '../..',
  runner: require.resolve('./runner'),
  testEnvironment: require.resolve('./environment'),
  setupFiles: ['<rootDir>/__tests__/support/shut-network.ts', '<rootDir>/__tests__/mutation/load-early.ts'],
  transform: {
    '^.+\\.ts$': [
      'ts-jest',
      { tsconfig: '<rootDir>/__tests__/tsconfig.json', isolatedModules: true, diagnostics: false },
    ],
  },
  testTimeout: 10_000,
};
