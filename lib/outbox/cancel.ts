import { OutboxError } from '../core/errors.ts';
import { isEventId, waitingKey } from '../table/keys.ts';
import type { WaitingState } from '../table/waiting.ts';
import type { ActionFailure } from '../dynamodb/transaction.ts';
import type { TransactItem } from '../dynamodb/actions.ts';

/** A deferred event that shall not be delivered after all. */
export interface Cancellation {
  readonly eventId: string;
  /**
   * Whether the rest must not be written unless this is cancelled. Without it, an event that is no longer
   * deferred is passed over: its delivery has begun or is done, and its consumers must bear it.
   *
   * @default true
   */
  readonly required?: boolean;
}

/** An event to cancel: its id, or its id with options. */
export type Cancel = string | Cancellation;

/** An event that could not be cancelled. */
export interface NotDeferred {
  readonly eventId: string;
  /** What it waits as by now; absent where it does not wait. */
  readonly state?: WaitingState;
}

/** @throws OutboxError `EVENT_INVALID` for what is no event id */
export function readCancel(given: readonly Cancel[]): Required<Cancellation>[] {
  return given.map((one) => {
    const { eventId, required = true } = typeof one === 'string' ? { eventId: one } : one;
    if (isEventId(eventId)) return { eventId, required };
    throw new OutboxError(
      'EVENT_INVALID',
      `an event to cancel must be named by its id, a UUIDv7 in lower case, got ${JSON.stringify(eventId)}: ` +
        'keep the id of the event that you deferred',
      { details: { eventId } },
    );
  });
}

/**
 * The action that takes a deferred event out of the waiting room; it fails where the event is not deferred.
 *
 * Who delivers it changes its state first, and on the same condition: only one of the two succeeds.
 */
export function cancelAction(eventId: string, tableName: string): TransactItem {
  return {
    Delete: {
      TableName: tableName,
      // A deferred event has no sequence: its key follows from its id alone.
      Key: { ...waitingKey({ id: eventId, aggregate: '' }) },
      ConditionExpression: '#state = :deferred',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':deferred': 'deferred' satisfies WaitingState },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  };
}

/** What the failure of a {@link cancelAction} says. */
export function toNotDeferred(eventId: string, { reason }: ActionFailure): NotDeferred {
  const state = reason.row?.['state'] as WaitingState | undefined;
  return { eventId, ...(state === undefined ? {} : { state }) };
}

export function notDeferred(events: readonly NotDeferred[], cause: unknown): OutboxError {
  const told = events.map(({ eventId, state }) =>
    state === undefined
      ? `${eventId} does not wait: it was delivered or cancelled, or never written`
      : `${eventId} is ${state}: its delivery has begun`,
  );
  return new OutboxError(
    'EVENT_NOT_DEFERRED',
    `nothing was written, since what is not deferred cannot be cancelled: ${told.join('; ')}. ` +
      'Write the rest without it, or cancel it with required: false, where its consumers can bear it',
    { details: { events }, cause },
  );
}
