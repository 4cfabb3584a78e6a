import { defineConfig } from 'tsdown';

import { minimumNodeMajor } from './lib/core/node-version.ts';

export default defineConfig({
  entry: { index: 'lib/index.ts', runtime: 'lib/runtime.ts', testing: 'lib/testing.ts' },
  format: ['esm', 'cjs'],
  platform: 'node',
  target: `node${minimumNodeMajor}`,
  dts: true,
  outDir: 'dist',
  clean: true,
  // ES modules alone: jest could not load it from our CommonJS.
  deps: { alwaysBundle: ['uuid'] },
});
