import { describe, expect, it } from 'vitest';

import { runChild } from '../../bin/demo/child.ts';
import { pathWithNode } from '../../bin/demo/local-folder.ts';

const program = `
  import { step } from './bin/demo/step.ts';
  await step('Fine', () => Promise.resolve());
  await step('Not fine', () => Promise.reject(new Error('so it goes')))
    .catch((error) => console.log('caught: ' + error.message));
`;

describe('a step', () => {
  it('that fails throws its error and leaves the report to the caller', async () => {
    const lines: string[] = [];
    const env = { PATH: pathWithNode(process.env), NO_COLOR: '1' };
    const command = { name: 'node', arguments: ['--input-type=module', '-e', program], env };

    await runChild(command, (line) => lines.push(line));

    expect(lines).toContain('✖ Not fine [FAILED: see below]');
    expect(lines.filter((line) => line.includes('so it goes'))).toEqual(['caught: so it goes']);
  });
});
