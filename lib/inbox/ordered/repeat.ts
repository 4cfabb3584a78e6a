import type { Message } from '../../table/message.ts';
import { withContext } from '../../events/context.ts';
import type { Outcome } from '../delivery.ts';
import { recall } from '../lease.ts';
import { textToResult } from '../result.ts';
import { handledBy, type MarkerPorts } from '../marker.ts';
import { contextCausedBy, toInboxMessage } from '../message.ts';
import { readData } from '../read-data.ts';
import type { Subscriptions } from '../subscriptions.ts';

/** What telling of duplicates takes. */
export interface RepeatPorts {
  readonly subscriptions: Subscriptions;
  readonly commit: MarkerPorts;
}

/**
 * What is done for a message that the cursor is beyond: a handler under a lease is told of it, with what it answered
 * before, as long as that is remembered. Nothing where it was passed over.
 */
export async function repeat(
  message: Message,
  { subscriptions, commit }: RepeatPorts,
): Promise<Outcome> {
  const duplicate = { status: 'duplicate' } as const;
  const subscription = subscriptions.get(message.type);
  if (subscription?.way !== 'lease' || subscription.onDuplicate === undefined) return duplicate;
  const { definition, onDuplicate } = subscription;
  const reading = await readData(message, definition);
  if (reading.status !== 'read') return duplicate;
  const again = toInboxMessage(message, reading.data, definition.version);
  const memory = await recall(handledBy(commit.config.name, again), commit);
  if (memory === undefined) return duplicate;
  const result = textToResult(memory.result);
  await withContext(contextCausedBy(again), async () => onDuplicate(again, result));
  return duplicate;
}
