import { limits } from '../core/limits.ts';
import { cancelAction, toNotDeferred, type Cancellation, type NotDeferred } from './cancel.ts';
import type { Prepared, WrittenEvent } from './prepare.ts';
import { commit } from '../dynamodb/transaction.ts';
import type { ActionFailure, Refusal } from '../dynamodb/transaction-result.ts';
import type { Action } from '../dynamodb/transactor.ts';
import type { Writer } from './writer.ts';

/** What one transaction is made of, in this order. */
export interface Attempt {
  readonly actions: readonly Action[];
  readonly prepared: Prepared;
  readonly cancellations: readonly Cancellation[];
  readonly token?: string | undefined;
}

/** All was written; or nothing was, and these conditions were in the way. */
export type AttemptResult =
  { readonly status: 'committed'; readonly events: readonly WrittenEvent[] } | CommitFailed;

/** None of the three where nothing but sequence counters failed. */
export interface CommitFailed {
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
export async function attemptCommit(writer: Writer, attempt: Attempt): Promise<AttemptResult> {
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
  { failures, cause }: Refusal,
  { actions, prepared, cancellations }: Attempt,
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
