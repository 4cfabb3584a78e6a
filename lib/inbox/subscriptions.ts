import { OutboxError } from '../core/errors.ts';
import type { EventContract } from '../events/event.ts';
import { outOfTime } from './deadline.ts';
import { handleUnderLease, type Leased } from './lease.ts';
import {
  bothGuards,
  commitOnce,
  handledBy,
  isRemembered,
  markerGuard,
  runHandler,
  type CommitPorts,
  type HandleResult,
  type Guard,
  type Handling,
  type MessageHandler,
} from './transaction.ts';

/** A type of event, its handler and its idempotency strategy. */
export type Subscription = { readonly definition: EventContract } & (InTransaction | Leased);

interface InTransaction {
  readonly idempotency: 'transaction';
  readonly handler: MessageHandler;
}

/** By type of event. */
export type Subscriptions = ReadonlyMap<string, Subscription>;

const strategies: readonly string[] = [
  'transaction',
  'lease',
] satisfies Subscription['idempotency'][];

/** @throws OutboxError `HANDLER_DUPLICATE`, and `OPTION_INVALID` for an unknown idempotency strategy */
export function addSubscription(all: Subscriptions, added: Subscription): Subscriptions {
  const { type } = added.definition;
  checkStrategy(type, added.idempotency);
  if (!all.has(type)) return new Map([...all, [type, added]]);
  throw new OutboxError(
    'HANDLER_DUPLICATE',
    `${type} has a handler already: one inbox handles a message once, so do both things in one handler or use two inboxes`,
    { details: { type } },
  );
}

/** Plain JavaScript may ask for anything, and what it asks for decides how often a call is made. */
function checkStrategy(type: string, idempotency: string): void {
  if (strategies.includes(idempotency)) return;
  throw new OutboxError(
    'OPTION_INVALID',
    `idempotency of ${type} must be ${strategies.join(' or ')}, got ${idempotency}`,
    { details: { option: 'idempotency', value: idempotency, type } },
  );
}

/**
 * Handles a message once, by the idempotency strategy of its subscription. Throws what the handler throws, and
 * what stands in the way; then the message was not handled, or it is not known whether it was.
 */
export type HandleOnce = (subscription: Subscription, handling: Handling) => Promise<HandleResult>;

/** Handles each message by the strategy that its handler was registered with. */
export function handleOnceWith(ports: CommitPorts): HandleOnce {
  return (subscription, handling) =>
    subscription.idempotency === 'lease'
      ? handleUnderLease(subscription, handling, ports)
      : handleInTransaction(subscription.handler, handling, ports);
}

/**
 * The transaction strategy: the marker that remembers the message, the handler's writes and the events that
 * it emits are one TransactWriteItems. They happen exactly once, however often the message comes within
 * the dedupe window, and also where the process dies between commit and acknowledgement.
 *
 * The guarantee ends with the transaction. The handler itself may run more than once for a message, so
 * any other side effect (a call, a write of its own) may silently happen more than once: pass the
 * message's id to such calls as the idempotency key.
 *
 * Before a first delivery the marker is not read. Duplicates are rare, and a look would add a round trip
 * and a read unit to every message to save a handler's work on few. A message that the queue delivers
 * again is looked up first: its acknowledgement may have been lost, which is the commonest duplicate.
 *
 * In an ordered inbox the cursor takes the marker's place: it remembers all up to its sequence, for good. A replay
 * moves it back, so a replayed message has both.
 */
async function handleInTransaction(
  handler: MessageHandler,
  handling: Handling,
  ports: CommitPorts,
): Promise<HandleResult> {
  const { message, isRedelivered, isLate, turn } = handling;
  const handled = handledBy(ports.config.name, message);
  const isLookedUp = isRedelivered && turn === undefined;
  if (isLookedUp && (await isRemembered(handled, ports))) return 'duplicate';
  const { collected } = await runHandler((tx) => handler(message, tx), handling, ports);
  // A handler that timed out must not write when it ends: the message is back on the queue.
  if (isLate()) throw outOfTime(message.id);
  return commitOnce(guardOf(handling, ports), { handled, collected }, ports);
}

function guardOf({ message, turn }: Handling, ports: CommitPorts): Guard {
  if (turn !== undefined && message.replayId === undefined) return turn;
  const marker = markerGuard(handledBy(ports.config.name, message), ports);
  return turn === undefined ? marker : bothGuards(marker, turn);
}
