import { globSync } from 'node:fs';

import { defineConfig } from 'tsdown';

const library = defineConfig({
  name: 'library',
  entry: { index: 'lib/index.ts', runtime: 'lib/runtime.ts', testing: 'lib/testing.ts' },
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node22',
  dts: true,
  outDir: 'dist',
  clean: true,
});

// Each function is one asset: everything it needs in one folder, so that users need no bundler.
const functions = globSync('functions/*/index.ts').map((entry) =>
  defineConfig({
    name: entry,
    entry: { index: entry },
    format: 'esm',
    platform: 'node',
    target: 'node24',
    dts: false,
    minify: true,
    deps: { alwaysBundle: [/.*/] },
    outDir: entry.replace('functions/', 'dist/functions/').replace('/index.ts', ''),
    clean: true,
  }),
);

export default [library, ...functions].flat();
