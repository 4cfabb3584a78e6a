import type { EventContext } from '../../contract/entry.ts';
import { OutboxError } from '../../contract/error.ts';
import { backoffMs, type Backoff } from '../backoff.ts';
import type { OutboxEvent } from '../event/event.ts';
import { draftWrite, prepareDrafts, type Prepared, type WrittenEvent } from './prepare.ts';
import { commit } from '../transaction/transaction.ts';
import type { ActionFailure, Refusal } from '../transaction/transaction-result.ts';
import type { Action } from '../transaction/transactor.ts';
import type { Writer } from './writer.ts';

/** Actions and events that belong together. */
export interface CommitEventsRequest {
  readonly actions: readonly Action[];
  readonly events: readonly OutboxEvent[];
  readonly context?: EventContext;
  /** ClientRequestToken. Not with a sequence of `'next'`, whose number differs from call to call. */
  readonly token?: string;
}

/** All was written; or nothing was, and these conditions were in the way. */
export type CommitEventsResult =
  | { readonly status: 'committed'; readonly events: readonly WrittenEvent[] }
  | {
      readonly status: 'condition-failed';
      /** Failed conditions among the request's `actions`, by their index there. */
      readonly failures: readonly ActionFailure[];
      /** Ids of events that were written before. */
      readonly alreadyWritten: readonly string[];
      readonly cause?: unknown;
    };

const raceDefaults = {
  maxRaces: 20,
  backoff: { baseMs: 20, maxMs: 500 } satisfies Backoff,
} as const;

/**
 * Writes actions and events in one transaction: all of them, or none.
 *
 * Where another writer took the next sequence of an aggregate first, and nothing else was in the way,
 * the numbers are read and the transaction is tried anew.
 *
 * @throws OutboxError what {@link draftWrite}, {@link prepareDrafts} and {@link commit} throw;
 * `OPTION_INVALID` for a token together with a sequence of `'next'`; `SEQUENCE_CONFLICT` after the
 * last race
 */
export async function commitEvents(
  writer: Writer,
  request: CommitEventsRequest,
): Promise<CommitEventsResult> {
  const { actions, events, context, token } = request;
  const drafts = await draftWrite(writer, events, context);
  checkTokenFits(request);
  for (let race = 1; ; race++) {
    const prepared = await prepareDrafts(writer, drafts);
    const result = await commit(
      writer.transactor,
      [...actions, ...prepared.counters, ...prepared.puts],
      { ...writer, ...(token === undefined ? {} : { token }) },
    );
    if (result.status === 'committed') return { ...result, events: prepared.events };
    const answer = sortFailures(result, { prepared, first: actions.length });
    if (answer.failures.length > 0 || answer.alreadyWritten.length > 0) return answer;
    await waitForNextRace(writer, race, answer.cause);
  }
}

function checkTokenFits({ events, token }: CommitEventsRequest): void {
  const asking = events.find(({ sequence }) => sequence === 'next');
  if (token === undefined || asking === undefined) return;
  throw new OutboxError(
    'OPTION_INVALID',
    `a token cannot go with a sequence of 'next' (${asking.type} ${asking.id}): the number differs from call to call, ` +
      'and the same token demands the same transaction. Give the number, or leave the token out',
    { facts: { option: 'token', type: asking.type, eventId: asking.id } },
  );
}

/** Tells failed conditions of the request's own actions from those of events; counters drop out. */
function sortFailures(
  { failures, cause }: Refusal,
  { prepared, first }: { prepared: Prepared; first: number },
): CommitEventsResult & { status: 'condition-failed' } {
  const firstPut = first + prepared.counters.length;
  return {
    status: 'condition-failed',
    failures: failures.filter(({ index }) => index < first),
    alreadyWritten: failures.flatMap(({ index }) => prepared.events[index - firstPut]?.id ?? []),
    cause,
  };
}

async function waitForNextRace(writer: Writer, race: number, cause: unknown): Promise<void> {
  if (race >= raceDefaults.maxRaces) {
    throw new OutboxError(
      'SEQUENCE_CONFLICT',
      `other writers took the next sequence first in each of ${race} tries: write less often to one aggregate at a time, ` +
        "or pass the business item's own version as sequence",
      { facts: { races: race }, cause },
    );
  }
  writer.log?.debug('another writer took the sequence, trying again', { race });
  await writer.clock.sleep(backoffMs(race, raceDefaults.backoff, writer.random));
}
