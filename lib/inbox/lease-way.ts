import type { MessageLease } from '../table/inbox-lease.ts';
import type { Handled } from '../table/inbox-rows.ts';
import type { InboxTransaction } from './collect.ts';
import { commitOnce, type CommitPorts } from './commit-once.ts';
import { outOfTime } from './deadline.ts';
import { bothGuards } from './guard.ts';
import { errorFields } from './log.ts';
import { handledBy } from './marker.ts';
import type { InboxMessage } from './message.ts';
import { runHandler } from './run-handler.ts';
import type { Ending, Handling } from './way.ts';
import { claim, giveBack, leaseGuard } from './lease.ts';
import { resultToText, textToResult } from './result.ts';

/** What a handler under a lease has beside the message. */
export interface LeaseTransaction extends InboxTransaction {
  /**
   * The event's id, for calls to others: whoever honours it does the same thing once, however often the
   * handler runs. For several calls in one handler, add something to it.
   */
  readonly idempotencyKey: string;
}

/** A handler under a lease. What it answers with is remembered: JSON, 4 KB at the most. */
export type LeaseHandler<Message extends InboxMessage = InboxMessage, Result = unknown> = (
  message: Message,
  tx: LeaseTransaction,
) => Promise<Result> | Result;

/** How a handler under a lease is registered. */
export interface LeaseOptions<Message extends InboxMessage = InboxMessage, Result = unknown> {
  readonly way: 'lease';
  /**
   * Called in place of the handler for a message that was handled before, with what the handler answered then
   * (`undefined` where it was nothing, or too large). What it throws gives the message back to the queue.
   *
   * @default - a duplicate is acknowledged without a call
   */
  readonly onDuplicate?: (message: Message, result: Result | undefined) => Promise<void> | void;
}

/** A handler under a lease, and how it was registered. */
export interface Leased extends LeaseOptions {
  readonly handler: LeaseHandler;
}

/** The longest time that a function may run, where it does not say how long it has left. */
const longestRunMs = 15 * 60 * 1000;
/** Clocks of workers differ: a lease outlasts its worker by so much. */
const marginMs = 1_000;

/**
 * The way for effects outside DynamoDB: a worker claims the message, handles it, and remembers that it did.
 *
 * Guarantee: at least once, and one at a time. While one worker handles a message, a copy of it goes back to the
 * queue; once it is done, copies within the dedupe window are duplicates. A lease lasts as long as its worker's
 * function may run, and a second more. After a crash another worker takes the message over when the lease has
 * ended; a worker that goes on though its lease has ended completes nothing once another has taken over.
 *
 * The guarantee ends where the handler's own calls begin: a worker that dies after a call and before it is
 * remembered has the call made again. Pass on `tx.idempotencyKey`. What the handler puts into `tx` is committed
 * with the memory of the message, exactly once.
 *
 * Costs two write units (claim, completion); with effects in `tx` three and theirs.
 */
export async function handleUnderLease(
  leased: Leased,
  handling: Handling,
  ports: CommitPorts,
): Promise<Ending> {
  const handled = handledBy(ports.config.name, handling.message);
  const leaseMs = Math.min(handling.timeLeftMs(), longestRunMs) + marginMs;
  const claimed = await claim(handled, leaseMs, ports);
  switch (claimed.status) {
    case 'leased':
      return 'in-hand';
    case 'duplicate':
      await leased.onDuplicate?.(handling.message, textToResult(claimed.result));
      return 'duplicate';
    case 'claimed':
      return handleClaimed(leased, handling, { handled, lease: claimed.lease, ports });
  }
}

interface Claimed {
  readonly handled: Handled;
  readonly lease: MessageLease;
  readonly ports: CommitPorts;
}

async function handleClaimed(
  leased: Leased,
  handling: Handling,
  claimed: Claimed,
): Promise<Ending> {
  try {
    // The answer to the claim may have come so late that another worker was at work meanwhile.
    if (handling.isLate()) throw outOfTime(handling.message.id);
    return await handleAndComplete(leased, handling, claimed);
  } catch (error) {
    await tryToGiveBack(handling, claimed);
    throw error;
  }
}

/** A worker that was given up for time completes as well, if it still can: its call was made. */
async function handleAndComplete(
  { handler }: Leased,
  handling: Handling,
  { handled, lease, ports }: Claimed,
): Promise<Ending> {
  const { message, log, turn } = handling;
  const { answer, collected } = await runHandler(
    (tx) => handler(message, { ...tx, idempotencyKey: message.id }),
    handling,
    ports,
  );
  const result = resultToText(answer, message.id);
  // Not thrown: the effect is there, and forgetting the message would have it made again.
  if (result.status === 'invalid') log.error('result not remembered', errorFields(result.error));
  const text = result.status === 'text' ? result.text : undefined;
  const ofLease = leaseGuard(handled, { lease, result: text }, ports);
  const guard = turn === undefined ? ofLease : bothGuards(ofLease, turn);
  return commitOnce(guard, { handled, collected }, ports);
}

async function tryToGiveBack({ log }: Handling, { handled, lease, ports }: Claimed): Promise<void> {
  try {
    await giveBack(handled, lease, ports);
  } catch (error) {
    // It ends by itself, and what went wrong before says more.
    log.warn('lease not given back: it ends by itself', errorFields(error));
  }
}
