import { OutboxError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { backoffMs, type Backoff } from '../core/retry.ts';
import { tableNameOf, type TransactItem } from '../dynamodb/actions.ts';
import { commit, type ActionFailure, type TransactionRefusal } from '../dynamodb/transaction.ts';
import type { Draft } from '../events/draft.ts';
import type { OutboxEvent } from '../events/event.ts';
import type { EventContext, Row } from '../table/entry.ts';
import {
  cancelAction,
  notDeferred,
  readCancel,
  toNotDeferred,
  type Cancel,
  type Cancellation,
  type NotDeferred,
} from './cancel.ts';
import {
  draftWrite,
  prepareDrafts,
  withWrittenContext,
  type Prepared,
  type Writer,
  type WrittenEvent,
} from './prepare.ts';

/** Actions and events that belong together. */
export interface CommitEventsRequest {
  readonly actions: readonly TransactItem[];
  readonly events: readonly OutboxEvent[];
  /** Deferred events that shall not be delivered after all. @default - none */
  readonly cancel?: readonly Cancel[];
  readonly context?: EventContext;
  /** ClientRequestToken. Not where the transaction may differ from call to call. */
  readonly token?: string;
}

/** All was written; or nothing was, and these conditions were in the way. */
export type CommitEventsResult =
  | {
      readonly status: 'committed';
      readonly events: readonly WrittenEvent[];
      /** Ids of events that need not be cancelled, and were not. */
      readonly notCancelled: readonly string[];
    }
  | CommitFailed;

const raceDefaults = {
  maxRaces: 20,
  backoff: { baseMs: 20, maxMs: 500 } satisfies Backoff,
} as const;

/**
 * Writes actions and events, and cancels deferred ones, in one transaction: all of it, or nothing.
 *
 * Where another writer took the next sequence of an aggregate first, and nothing else was in the way,
 * the numbers are read and the transaction is tried anew; where events are not deferred any more that need
 * not be cancelled, it is tried anew without them.
 *
 * @throws OutboxError what {@link draftWrite}, {@link readCancel}, {@link prepareDrafts} and
 * {@link attemptCommit} throw; `OPTION_INVALID` for a token together with a sequence of `'next'`, or with a
 * cancellation that is not required; `SEQUENCE_CONFLICT` after the last race
 */
export async function commitEvents(
  writer: Writer,
  request: CommitEventsRequest,
): Promise<CommitEventsResult> {
  const { actions, token } = request;
  const drafts = await draftWrite(writer, request.events, request.context);
  let cancellations: readonly Required<Cancellation>[] = readCancel(request.cancel ?? []);
  checkToken(request, cancellations);
  const notCancelled: string[] = [];
  for (let race = 1; ;) {
    const result = await attemptInContext(writer, { actions, drafts, cancellations, token });
    if (result.status === 'committed') return { ...result, notCancelled };
    if (isFinal(result, cancellations)) return result;
    if (result.notDeferred.length === 0) await waitForNextRace(writer, race++, result.cause);
    const missed = result.notDeferred.map(({ eventId }) => eventId);
    notCancelled.push(...missed);
    cancellations = cancellations.filter(({ eventId }) => !missed.includes(eventId));
    const isNothingLeft = actions.length + drafts.length + cancellations.length === 0;
    if (isNothingLeft) return { status: 'committed', events: [], notCancelled };
  }
}

interface ContextAttempt {
  readonly actions: readonly TransactItem[];
  readonly drafts: readonly Draft[];
  readonly cancellations: readonly Cancellation[];
  readonly token: string | undefined;
}

/**
 * Sends one transaction. Where its token was used for another one, it is sent once more with the context that its
 * events were written with: then DynamoDB itself says whether the rest is the same.
 */
async function attemptInContext(writer: Writer, attempt: ContextAttempt): Promise<AttemptResult> {
  const when = attempt.token === undefined ? 'now' : 'repeatedly';
  const send = async (drafts: readonly Draft[]): Promise<AttemptResult> =>
    attemptCommit(writer, { ...attempt, prepared: await prepareDrafts(writer, drafts, when) });
  try {
    return await send(attempt.drafts);
  } catch (error) {
    if (attempt.token === undefined || !OutboxError.is(error, 'TOKEN_MISMATCH')) throw error;
    const written = await withWrittenContext(attempt.drafts, writer);
    if (written === undefined) throw error;
    return send(written);
  }
}

/** Whether trying anew would change nothing. */
function isFinal(
  { failures, alreadyWritten, notDeferred }: CommitFailed,
  cancellations: readonly Required<Cancellation>[],
): boolean {
  const required = cancellations.filter((one) => one.required).map(({ eventId }) => eventId);
  const isMissed = notDeferred.some(({ eventId }) => required.includes(eventId));
  return failures.length > 0 || alreadyWritten.length > 0 || isMissed;
}

/** A token demands the same transaction of each call. */
function checkToken(
  { events, token }: CommitEventsRequest,
  cancellations: readonly Required<Cancellation>[],
): void {
  if (token === undefined) return;
  const asking = events.find(({ sequence }) => sequence === 'next');
  if (asking !== undefined) {
    throw new OutboxError(
      'OPTION_INVALID',
      `a clientRequestToken cannot go with a sequence of 'next' (${asking.type} ${asking.id}): the number differs from call to call, ` +
        'and the same token demands the same transaction. Give the number, or leave the token out',
      { details: { option: 'clientRequestToken', type: asking.type, eventId: asking.id } },
    );
  }
  const optional = cancellations.find(({ required }) => !required);
  if (optional === undefined) return;
  throw new OutboxError(
    'OPTION_INVALID',
    `a clientRequestToken cannot go with a cancellation that is not required (${optional.eventId}): whether it is part of the transaction ` +
      'differs from call to call, and the same token demands the same one. Require it, or leave the token out',
    { details: { option: 'clientRequestToken', eventId: optional.eventId } },
  );
}

async function waitForNextRace(writer: Writer, race: number, cause: unknown): Promise<void> {
  if (race >= raceDefaults.maxRaces) {
    throw new OutboxError(
      'SEQUENCE_CONFLICT',
      `other writers took the next sequence first in each of ${race} tries: write less often to one aggregate at a time, ` +
        "or pass the business item's own version as sequence",
      { details: { races: race }, cause },
    );
  }
  writer.log?.debug('another writer took the sequence, trying again', { race });
  await writer.clock.sleep(backoffMs(race, raceDefaults.backoff, writer.random));
}

/** What one transaction is made of, in this order. */
export interface CommitAttempt {
  readonly actions: readonly TransactItem[];
  readonly prepared: Prepared;
  readonly cancellations: readonly Cancellation[];
  readonly token?: string | undefined;
}

/** All was written; or nothing was, and these conditions were in the way. */
type AttemptResult =
  { readonly status: 'committed'; readonly events: readonly WrittenEvent[] } | CommitFailed;

/** None of the three where nothing but sequence counters failed. */
interface CommitFailed {
  readonly status: 'condition-failed';
  /** Failed conditions among the request's own actions, by their index there. */
  readonly failures: readonly ActionFailure[];
  /** Ids of events that were written before. */
  readonly alreadyWritten: readonly string[];
  /** Events that were to be cancelled and are not deferred any more. */
  readonly notDeferred: readonly NotDeferred[];
  readonly cause?: unknown;
}

/** Sends one transaction. @throws OutboxError what {@link commit} throws */
async function attemptCommit(writer: Writer, attempt: CommitAttempt): Promise<AttemptResult> {
  const { actions, prepared, cancellations, token } = attempt;
  const { alreadyWritten, counters, puts, notes, events } = prepared;
  if (alreadyWritten.length > 0) return { ...nothingFailed, alreadyWritten };
  const cancels = cancellations.map(({ eventId }) =>
    cancelAction(eventId, writer.config.tableName),
  );
  const owed = [...actions, ...counters, ...puts, ...cancels];
  // Where there is no room for them, the sweeper finds the events when it closes their pages.
  const hasRoom = owed.length + notes.length <= limits.transaction.maxActions;
  const result = await commit(writer.transactor, hasRoom ? [...owed, ...notes] : owed, {
    ...writer,
    ...(token === undefined ? {} : { token }),
  });
  return result.status === 'committed' ? { ...result, events } : sortFailures(result, attempt);
}

const nothingFailed = {
  status: 'condition-failed',
  failures: [],
  alreadyWritten: [],
  notDeferred: [],
} as const;

/** Tells failed conditions of the request's own actions, of events and of cancellations apart; counters drop out. */
function sortFailures(
  { failures, cause }: TransactionRefusal,
  { actions, prepared, cancellations }: CommitAttempt,
): CommitFailed {
  const firstPut = actions.length + prepared.counters.length;
  const firstCancel = firstPut + prepared.puts.length;
  return {
    status: 'condition-failed',
    failures: failures.filter(({ index }) => index < actions.length),
    alreadyWritten: failures.flatMap(({ index }) => prepared.events[index - firstPut]?.id ?? []),
    notDeferred: failures.flatMap((failure) => {
      const cancelled = cancellations[failure.index - firstCancel];
      return cancelled === undefined ? [] : [toNotDeferred(cancelled.eventId, failure)];
    }),
    cause,
  };
}

/**
 * What a caller of `write` is told of failed conditions.
 *
 * An event that was written before comes first: then this very write was committed earlier, and the caller's
 * own conditions fail for no other reason.
 */
export function writeFailed(failed: CommitFailed, items: readonly TransactItem[]): OutboxError {
  if (failed.alreadyWritten.length > 0) return alreadyWritten(failed);
  if (failed.failures.length > 0) return conditionFailed(failed, items);
  return notDeferred(failed.notDeferred, failed.cause);
}

/** What a caller is told who writes events that were written before. */
export function alreadyWritten({
  alreadyWritten: eventIds,
  cause,
}: Pick<CommitFailed, 'alreadyWritten' | 'cause'>): OutboxError {
  return new OutboxError(
    'EVENT_ALREADY_WRITTEN',
    `${eventIds.length === 1 ? 'an event was' : 'events were'} written before: ${eventIds.join(', ')}. ` +
      'The transaction that wrote it was committed, this one was not: take it as done if it is a repetition, else make a new event',
    { details: { eventIds }, cause },
  );
}

function conditionFailed(
  { failures, cause }: CommitFailed,
  items: readonly TransactItem[],
): OutboxError {
  const failed = failures.map(({ index, reason }) =>
    withHidden({ index, tableName: tableNameOf(items[index]) }, reason.item),
  );
  const told = failed.map(({ index, tableName }) => `item ${index} (table ${tableName})`);
  return new OutboxError(
    'CONDITION_FAILED',
    `nothing was written: the condition of ${told.join(' and of ')} failed`,
    { details: withHidden({ ...failed[0], failures: failed }, failures[0]?.reason.item), cause },
  );
}

/** Facts with the item that a caller asked for (`ALL_OLD`). It can be read, and logs leave it out. */
function withHidden<Facts extends object>(details: Facts, item: Row | undefined): Facts {
  return item === undefined
    ? details
    : Object.defineProperty(details, 'item', { value: item, enumerable: false });
}
