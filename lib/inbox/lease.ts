import { randomUUID } from 'node:crypto';

import { OutboxError } from '../core/errors.ts';
import { ownLimits } from '../core/limits.ts';
import { utf8Bytes } from '../core/redact.ts';
import { commitAlone } from '../dynamodb/transaction.ts';
import { NotLosslessError, toLosslessJson } from '../events/lossless-json.ts';
import {
  isFree,
  isHeldUnder,
  isUnfinishedUnder,
  leaseTokenOf,
  leaseToRow,
  markerKey,
  markerToRow,
  remembersMessage,
  resultOf,
  type Handled,
  type Memory,
  type MessageLease,
} from '../table/inbox.ts';
import { outOfTime } from './deadline.ts';
import { errorFields } from './log.ts';
import type { InboxMessage } from './message.ts';
import {
  bothGuards,
  commitOnce,
  handledBy,
  runHandler,
  type CommitPorts,
  type HandleResult,
  type Guard,
  type Handling,
  type InboxTransaction,
  type MarkerPorts,
} from './transaction.ts';

/** What a handler under a lease gets in addition to the message. */
export interface LeaseTransaction extends InboxTransaction {
  /**
   * The event's id, as the idempotency key of calls to other services: one that honours it acts once, however
   * often the handler runs. For several calls in one handler, add a suffix.
   */
  readonly idempotencyKey: string;
}

/** A handler under a lease. Its result is remembered: JSON, 4 KB at most. */
export type LeaseHandler<Message extends InboxMessage = InboxMessage, Result = unknown> = (
  message: Message,
  tx: LeaseTransaction,
) => Promise<Result> | Result;

/** How a handler under a lease is registered. */
export interface LeaseOptions<Message extends InboxMessage = InboxMessage, Result = unknown> {
  readonly idempotency: 'lease';
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
): Promise<HandleResult> {
  const handled = handledBy(ports.config.name, handling.message);
  const leaseMs = Math.min(handling.timeLeftMs(), longestRunMs) + marginMs;
  const claimed = await claim(handled, leaseMs, ports);
  switch (claimed.status) {
    case 'leased':
      return 'in-progress';
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
): Promise<HandleResult> {
  try {
    // The answer to the claim may have come so late that another worker was at work meanwhile.
    if (handling.isLate()) throw outOfTime(handling.message.id);
    return await handleAndComplete(leased, handling, claimed);
  } catch (error) {
    await tryToGiveBack(handling, claimed);
    throw error;
  }
}

/** A worker that timed out completes as well, if it still can: its call was made. */
async function handleAndComplete(
  { handler }: Leased,
  handling: Handling,
  { handled, lease, ports }: Claimed,
): Promise<HandleResult> {
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

/** What came of asking for a message. */
export type LeaseClaim =
  | { readonly status: 'claimed'; readonly lease: MessageLease }
  /** It was handled before. `result` is JSON text. */
  | { readonly status: 'duplicate'; readonly result: string | undefined }
  /** It is in progress in another worker. */
  | { readonly status: 'leased' };

/** Claims a message for so long, unless it was handled or another worker holds it. One write unit. */
async function claim(
  handled: Handled,
  leaseMs: number,
  { config, transactor, clock, random }: CommitPorts,
): Promise<LeaseClaim> {
  const now = clock.now();
  const lease = { token: randomUUID(), until: now + leaseMs };
  const put = {
    TableName: config.tableName,
    Item: leaseToRow(handled, lease, config),
    ...isFree(now),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const;
  const result = await commitAlone(transactor, { Put: put }, { clock, random });
  if (result.status === 'committed') return { status: 'claimed', lease };
  const row = result.failures[0]?.reason.row;
  // The answer to the first try was lost, and the client sent it again.
  if (leaseTokenOf(row) === lease.token) return { status: 'claimed', lease };
  return remembersMessage(row, now)
    ? { status: 'duplicate', result: resultOf(row) }
    : { status: 'leased' };
}

/** What is remembered of a message that was handled under a lease; `undefined` where nothing is. One read unit. */
export async function recall(
  handled: Handled,
  { config, transactor, clock }: MarkerPorts,
): Promise<{ readonly result: string | undefined } | undefined> {
  const row = await transactor.get(config.tableName, { ...markerKey(handled) });
  return remembersMessage(row, clock.now()) ? { result: resultOf(row) } : undefined;
}

/**
 * Completes a lease: the message is remembered, with its result.
 *
 * It is refused, with `LEASE_LOST`, where another worker has taken the message over.
 */
function leaseGuard(
  handled: Handled,
  { lease: { token }, result }: { lease: MessageLease; result: string | undefined },
  { config, transactor, clock }: CommitPorts,
): Guard {
  const times = { now: clock.now(), dedupeWindowMs: config.dedupeWindowMs };
  const memory: Memory = { leaseToken: token, ...(result === undefined ? {} : { result }) };
  const Item = markerToRow(handled, times, memory);
  return {
    actions: [{ Put: { TableName: config.tableName, Item, ...isHeldUnder(token) } }],
    judge: async () => {
      const row = await transactor.get(config.tableName, { ...markerKey(handled) });
      if (leaseTokenOf(row) !== token) throw leaseLost(handled);
      return { status: 'blocksLane' };
    },
  };
}

/** Lets others have the message at once, where nothing was completed. */
async function giveBack(
  handled: Handled,
  { token }: MessageLease,
  { config, transactor, clock, random }: CommitPorts,
): Promise<void> {
  // It ended long ago. Deleting it would do the same, and need one more right.
  const Item = leaseToRow(handled, { token, until: 0 }, config);
  const put = { TableName: config.tableName, Item, ...isUnfinishedUnder(token) };
  // Where the condition fails there is nothing left to give back.
  await commitAlone(transactor, { Put: put }, { clock, random });
}

function leaseLost({ eventId, inbox }: Handled): OutboxError {
  return new OutboxError(
    'LEASE_LOST',
    `the handler of message ${eventId} overran its lease, and another worker has taken the message over: nothing of its transaction was written. ` +
      "Set timeouts on its calls well below the function's timeout",
    { details: { eventId, inbox } },
  );
}

/** A handler's answer as it is remembered, or why it is not. */
export type ResultText =
  | { readonly status: 'text'; readonly text: string | undefined }
  | { readonly status: 'invalid'; readonly error: OutboxError };

/** What a handler answered with as JSON text of at most 4 KB; `undefined` where it answered with nothing. */
export function resultToText(result: unknown, eventId: string): ResultText {
  try {
    return checkSize(result === undefined ? undefined : toLosslessJson(result), eventId);
  } catch (error) {
    if (!(error instanceof NotLosslessError)) throw error;
    return invalid(eventId, `would not be the same after JSON: ${error.message}`);
  }
}

/** The answer again; `undefined` where there was none. */
export function textToResult(text: string | undefined): unknown {
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

function checkSize(text: string | undefined, eventId: string): ResultText {
  const limit = ownLimits.maxResultBytes;
  const bytes = utf8Bytes(text ?? '');
  if (bytes <= limit) return { status: 'text', text };
  return invalid(eventId, `has ${bytes} bytes, and ${limit} are remembered`);
}

function invalid(eventId: string, problem: string): ResultText {
  const error = new OutboxError(
    'RESULT_INVALID',
    `what the handler of message ${eventId} answered with ${problem}: the message is remembered without it. ` +
      'Answer with ids and keep the rest elsewhere',
    { details: { eventId } },
  );
  return { status: 'invalid', error };
}
