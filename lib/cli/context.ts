import type { Clock, NewId, Random } from '../core/ports.ts';
import type { Clients, ClientSettings } from './aws/clients.ts';
import type { Terminal } from './terminal.ts';
import type { View } from './view/table.ts';

/** How the terminal wants its texts now. */
export function viewOf({ clock, terminal }: Pick<CliContext, 'clock' | 'terminal'>): View {
  return { now: clock.now(), width: terminal.width };
}

/** Everything outside the command: tests pass their own. */
export interface CliContext {
  readonly terminal: Terminal;
  openClients(settings: ClientSettings): Clients;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: NewId;
  /** Of the package. */
  readonly version: string;
  /** The name of who is logged in, for the record where AWS does not say. */
  readonly user: string | undefined;
  /** Ends what goes on until it is told to stop. */
  readonly stop: AbortSignal;
}
