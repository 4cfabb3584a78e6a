/**
 * `npm test`: builds, lints, checks types, runs the tests. Arguments go to Vitest.
 *
 * Each step is on a leash, see `demo/leash.ts`: however this program ends, nothing that it started runs on.
 */
import { endWithStarter, runShown } from './demo/child.ts';
import { pathWithNode } from './demo/local-folder.ts';

const steps = [
  ['npm', 'run', 'build'],
  ['npm', 'run', 'lint'],
  ['npm', 'run', 'typecheck'],
  ['vitest', 'run', ...process.argv.slice(2)],
] as const;
const env = { ...process.env, PATH: pathWithNode(process.env) };

endWithStarter();

for (const [name, ...words] of steps) {
  const exitCode = await runShown({ name, arguments: words, env });
  if (exitCode !== 0) process.exit(exitCode);
}
