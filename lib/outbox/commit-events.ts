import type { EventContext } from '../table/entry.ts';
import { OutboxError } from '../core/errors.ts';
import { backoffMs, type Backoff } from '../core/retry.ts';
import type { Draft } from '../events/draft.ts';
import type { OutboxEvent } from '../events/event.ts';
import { readCancel, type Cancel, type Cancellation } from './cancel.ts';
import { attemptCommit, type AttemptResult, type CommitFailed } from './commit-attempt.ts';
import { withWrittenContext } from './deferred.ts';
import { draftWrite, prepareDrafts, type WrittenEvent } from './prepare.ts';
import type { Action } from '../dynamodb/transactor.ts';
import type { Writer } from './writer.ts';

/** Actions and events that belong together. */
export interface CommitEventsRequest {
  readonly actions: readonly Action[];
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
  readonly actions: readonly Action[];
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
      `a token cannot go with a sequence of 'next' (${asking.type} ${asking.id}): the number differs from call to call, ` +
        'and the same token demands the same transaction. Give the number, or leave the token out',
      { facts: { option: 'token', type: asking.type, eventId: asking.id } },
    );
  }
  const optional = cancellations.find(({ required }) => !required);
  if (optional === undefined) return;
  throw new OutboxError(
    'OPTION_INVALID',
    `a token cannot go with a cancellation that is not required (${optional.eventId}): whether it is part of the transaction ` +
      'differs from call to call, and the same token demands the same one. Require it, or leave the token out',
    { facts: { option: 'token', eventId: optional.eventId } },
  );
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
