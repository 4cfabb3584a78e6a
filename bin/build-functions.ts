import { rmSync } from 'node:fs';

import { bundleFunctions } from './bundle-functions.ts';

const outDir = 'dist/functions';
rmSync(outDir, { recursive: true, force: true });
await bundleFunctions(outDir);
