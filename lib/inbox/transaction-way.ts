import { commitOnce, type CommitPorts } from './commit-once.ts';
import { outOfTime } from './deadline.ts';
import { bothGuards, type Guard } from './guard.ts';
import { handledBy, isRemembered, markerGuard } from './marker.ts';
import { runHandler } from './run-handler.ts';
import type { Ending, Handling, MessageHandler } from './way.ts';

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
 *
 * In an ordered inbox the cursor takes the marker's place: it remembers all up to its sequence, for good. A replay
 * moves it back, so a replayed message has both.
 */
export async function handleInTransaction(
  handler: MessageHandler,
  handling: Handling,
  ports: CommitPorts,
): Promise<Ending> {
  const { message, isRedelivered, isLate, turn } = handling;
  const handled = handledBy(ports.config.name, message);
  const isLookedUp = isRedelivered && turn === undefined;
  if (isLookedUp && (await isRemembered(handled, ports))) return 'duplicate';
  const { collected } = await runHandler((tx) => handler(message, tx), handling, ports);
  // A handler that was given up must not write when it ends after all: the message is the queue's again.
  if (isLate()) throw outOfTime(message.id);
  return commitOnce(guardOf(handling, ports), { handled, collected }, ports);
}

function guardOf({ message, turn }: Handling, ports: CommitPorts): Guard {
  if (turn !== undefined && message.replayId === undefined) return turn;
  const marker = markerGuard(handledBy(ports.config.name, message), ports);
  return turn === undefined ? marker : bothGuards(marker, turn);
}
