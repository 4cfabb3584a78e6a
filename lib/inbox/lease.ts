import { randomUUID } from 'node:crypto';

import { OutboxError } from '../core/errors.ts';
import {
  isFree,
  isHeldUnder,
  isUnfinishedUnder,
  leaseTokenOf,
  leaseToRow,
  resultOf,
  type MessageLease,
} from '../table/inbox-lease.ts';
import {
  markerKey,
  markerToRow,
  remembersMessage,
  type Handled,
  type Memory,
} from '../table/inbox-rows.ts';
import { commitAlone } from '../dynamodb/transaction.ts';
import type { CommitPorts } from './commit-once.ts';
import type { Guard } from './guard.ts';
import type { MarkerPorts } from './marker.ts';

/** What came of asking for a message. */
export type Claim =
  | { readonly status: 'claimed'; readonly lease: MessageLease }
  /** It was handled before. `result` is JSON text. */
  | { readonly status: 'duplicate'; readonly result: string | undefined }
  /** Another worker has it in hand. */
  | { readonly status: 'leased' };

/** Claims a message for so long, unless it was handled or another worker holds it. One write unit. */
export async function claim(
  handled: Handled,
  leaseMs: number,
  { config, transactor, clock, random }: CommitPorts,
): Promise<Claim> {
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
export function leaseGuard(
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
      return { status: 'holds' };
    },
  };
}

/** Lets others have the message at once, where nothing was completed. */
export async function giveBack(
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
      "Have calls give up well before the function's timeout",
    { facts: { eventId, inbox } },
  );
}
