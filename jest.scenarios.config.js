import base from './jest.config.js';

/** Scenarios (test/interop, test/e2e, test/sim, test/bench): started by scripts/run.mjs, which names the files. */
export default {
  ...base,
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  testTimeout: 300_000,
  maxWorkers: 1,
};
