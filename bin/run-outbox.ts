/** Runs the operator's command on this terminal. See lib/cli. */
import { openClients } from '../lib/cli/aws/clients.ts';
import { main } from '../lib/cli/program.ts';
import { createSystemTerminal } from '../lib/cli/terminal.ts';
import { newId, systemClock } from '../lib/core/system.ts';
import manifest from '../package.json' with { type: 'json' };

// The reader may close the pipe early: `outbox ls | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await main(process.argv.slice(2), {
  terminal: createSystemTerminal(process),
  openClients: (settings) =>
    openClients('AWS_ENDPOINT_URL' in process.env ? { ...settings, pathStyle: true } : settings),
  clock: systemClock,
  random: Math.random,
  newId,
  version: manifest.version,
  user: process.env['USER'] ?? process.env['USERNAME'],
  // Ctrl-C ends the process itself: nothing is half done that running it again does not finish.
  stop: new AbortController().signal,
});
