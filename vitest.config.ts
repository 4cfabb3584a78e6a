import { configDefaults, defineConfig } from 'vitest/config';

import { LongestFirst } from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The projects of a user, which test/packaging.test.ts copies, installs and runs.
    exclude: [...configDefaults.exclude, 'test/packaging/**'],
    // Much of the time is waiting: for processes, deployments, deadlines.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // No verdict depends on speed: these end what hangs, also on a machine that has much else to do.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
    teardownTimeout: 60_000,
    // Only what fails is worth reading.
    silent: 'passed-only',
    setupFiles: ['test/support/quiet.ts'],
    globalSetup: ['test/support/global-tmp.ts', 'test/support/global-dynamodb.ts'],
  },
});
