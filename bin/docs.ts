/** Writes the pages of the documentation that are generated from the code. */
import { writeFileSync } from 'node:fs';

import { generatedPages } from './docs/pages.ts';

for (const { path, text } of generatedPages()) writeFileSync(path, text);
