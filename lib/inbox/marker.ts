import type { InboxConfig } from '../core/environment.ts';
import {
  isNewMessage,
  markerKey,
  markerToRow,
  remembersMessage,
  type Handled,
} from '../table/inbox-rows.ts';
import type { Clock } from '../core/ports.ts';
import type { Transactor } from '../dynamodb/transactor.ts';
import type { Guard } from './guard.ts';
import type { InboxMessage } from './message.ts';

/** What remembering messages takes. */
export interface MarkerPorts {
  readonly config: InboxConfig;
  readonly transactor: Transactor;
  readonly clock: Clock;
}

/** What an inbox remembers of a message. */
export function handledBy(inbox: string, { id, replayId }: InboxMessage): Handled {
  return { inbox, eventId: id, ...(replayId === undefined ? {} : { replayId }) };
}

/** Remembers a message; in the way where it was handled before. */
export function markerGuard(handled: Handled, ports: MarkerPorts): Guard {
  const { config, clock } = ports;
  const now = clock.now();
  const Item = markerToRow(handled, { now, dedupeWindowMs: config.dedupeWindowMs });
  return {
    actions: [{ Put: { TableName: config.tableName, Item, ...isNewMessage(now) } }],
    judge: async (hasFailed) => {
      const isDuplicate = hasFailed || (await isRemembered(handled, ports));
      return { status: isDuplicate ? 'duplicate' : 'holds' };
    },
  };
}

/** Whether a message was handled before. Reads consistently: one read unit. */
export async function isRemembered(
  handled: Handled,
  { config, transactor, clock }: MarkerPorts,
): Promise<boolean> {
  const marker = await transactor.get(config.tableName, { ...markerKey(handled) });
  return remembersMessage(marker, clock.now());
}
