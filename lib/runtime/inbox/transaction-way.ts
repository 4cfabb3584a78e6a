import type { Handled } from '../../contract/inbox-rows.ts';
import { openTransaction, type Collected } from './collect.ts';
import { commitOnce, type CommitPorts } from './commit-once.ts';
import { outOfTime } from './deadline.ts';
import { handledBy, isRemembered } from './marker.ts';
import type { HandleOnce, Handling } from './way.ts';

/**
 * The transactional way: the marker that remembers the message, the handler's writes and the events that
 * it emits are one TransactWriteItems. They happen exactly once, however often the message comes within
 * the dedupe window, and also where the process dies between commit and acknowledgement.
 *
 * The guarantee ends with the transaction. The handler itself may run more than once for a message, so
 * whatever else it does (a call, a write of its own) may happen more than once, without a word: give
 * such calls the message's id as idempotency key.
 *
 * Before a first delivery the marker is not read. Duplicates are rare, and a look would add a round trip
 * and a read unit to every message to save a handler's work on few. A message that the queue delivers
 * again is looked up first: its acknowledgement may have been lost, which is the commonest duplicate.
 */
export function handleInTransaction(ports: CommitPorts): HandleOnce {
  return async (handling) => {
    const handled = handledBy(ports.config.name, handling.message);
    if (handling.isRedelivered && (await isRemembered(handled, ports))) return 'duplicate';
    const collected = await collect(handled, handling, ports);
    // A handler that was given up must not write when it ends after all: the message is the queue's again.
    if (handling.isLate()) throw outOfTime(handling.message.id);
    return commitOnce(handled, collected, ports);
  };
}

async function collect(
  handled: Handled,
  { message, handler, log }: Handling,
  { config, writer }: CommitPorts,
): Promise<Collected> {
  const hasOutbox = writer !== undefined;
  const { tableName } = config;
  const { tx, collected, close } = openTransaction({ handled, tableName, hasOutbox, log });
  try {
    await handler(message, tx);
  } finally {
    close();
  }
  return collected;
}
