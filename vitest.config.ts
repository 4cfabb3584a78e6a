import { defineConfig } from 'vitest/config';

import { LongestFirst } from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Much of the time is waiting: for processes, deployments, deadlines.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    globalSetup: ['test/support/global-tmp.ts', 'test/support/global-dynamodb.ts'],
  },
});
