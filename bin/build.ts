/** Bundles the functions and the command into `dist`, next to the library, with the notices for what they contain. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';

import { bundleCommand, bundleFunctions } from './bundle.ts';
import { bundledPackages, noticesFile, renderNotices } from './third-party-notices.ts';

const metafiles = [...(await bundleFunctions('dist/functions')), await bundleCommand('dist/cli')];
const library = globSync('dist/*.mjs').map((path) => readFileSync(path, 'utf8'));
writeFileSync(noticesFile, renderNotices(bundledPackages(metafiles, library)));
