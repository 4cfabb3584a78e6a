#!/usr/bin/env node
/** Starts the operator's command, once it is known that this Node.js can run it. */
import { minimumNodeMajor } from '../lib/core/node-version.ts';

const { node: version } = process.versions;

// Imported afterwards: an older Node.js may not even parse it.
if (Number.parseInt(version, 10) >= minimumNodeMajor) await import('./run-outbox.ts');
else {
  process.stderr.write(`outbox: needs Node.js ${minimumNodeMajor} or later, this is ${version}\n`);
  process.exitCode = 2;
}
