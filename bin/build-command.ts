import { build } from 'esbuild';

import { minimumNodeMajor } from '../lib/contract/node-version.ts';

/**
 * Bundles the operator's command with everything it needs: whoever uses the runtime alone downloads no
 * client of a service that only the command calls, and whoever is called at night needs nothing else.
 */
await build({
  entryPoints: { outbox: 'bin/outbox.ts' },
  outdir: 'dist/cli',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: `node${minimumNodeMajor}`,
  mainFields: ['module', 'main'],
  minify: true,
  legalComments: 'none',
  // CommonJS among the dependencies calls `require` for Node's own modules.
  banner: {
    js: "import{createRequire as createRequire_}from'node:module';const require=createRequire_(import.meta.url);",
  },
});
