import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { build, type Plugin } from 'esbuild';

/**
 * Bundles each function into an asset of its own, `<outDir>/<name>`, with everything it needs:
 * whoever deploys the constructs needs no bundler.
 */
export async function bundleFunctions(outDir: string, plugins: Plugin[] = []): Promise<void> {
  for (const entry of globSync('functions/*/index.ts')) {
    await build({
      entryPoints: { index: entry },
      outdir: join(outDir, basename(dirname(entry))),
      outExtension: { '.js': '.mjs' },
      bundle: true,
      // Destinations are imported when they are used: a relay to a bus loads no client of queues.
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      mainFields: ['module', 'main'],
      minify: true,
      legalComments: 'none',
      // CommonJS among the dependencies calls `require` for Node's own modules.
      banner: {
        js: "import{createRequire as createRequire_}from'node:module';const require=createRequire_(import.meta.url);",
      },
      plugins,
    });
  }
}
