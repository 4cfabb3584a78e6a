import { definedOnly } from '../core/collections.ts';
import { OutboxError } from '../core/errors.ts';
import { ownLimits } from '../core/limits.ts';
import type { Clock, Random } from '../core/ports.ts';
import { nameOfError } from '../core/redact.ts';
import { backoffMs, type Backoff } from '../core/retry.ts';
import type { Transactor } from '../dynamodb/actions.ts';
import type { EventContract } from '../events/event.ts';
import { reject, type InboxMessage } from '../inbox/message.ts';
import type { HandleOnce } from '../inbox/subscriptions.ts';
import type {
  HandleResult,
  Handling,
  InboxTransaction,
  MessageHandler,
} from '../inbox/transaction.ts';
import { rowToSaga, sagaKey, type SagaId, type SagaRecord } from '../table/saga.ts';
import { sagaKeyOf } from './define-saga.ts';
import type { SagaOutcome, SagaParts, SagaTransition } from './step.ts';
import { checkState, isForgotten, readStored, writeSaga, type SagaPlace } from './stored.ts';
import { transition } from './transition.ts';

/** What answering events until one answer is committed takes. */
export interface AnswerAgainPorts extends AnswerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly handleOnce: HandleOnce;
  /** Told of each answer that was committed, and of each event that was left alone. */
  readonly onAnswer: (answer: SagaStepResult) => void;
}

const raceDefaults = {
  /** About ten seconds on the average, time for a few hundred steps of one saga. Each is one transaction. */
  maxTries: 24,
  backoff: { baseMs: 20, maxMs: 1000 } satisfies Backoff,
  /** Left of the message's time for one more try. */
  reserveMs: 500,
} as const;

/**
 * Handles each event of a saga once, also where a replay brings it again: a replay is for what was missed.
 *
 * Where another event of the same saga was faster, another transaction in the way, or the table throttled, the saga is
 * read and the event is answered anew. After the last try, or when its time is nearly up, the message is
 * given back to the queue, which redelivers it after the visibility timeout. Where others of its saga were faster,
 * that is no error, but it counts as a receive: a saga to which so many events come at once that one of them loses in
 * all its receives (`maxReceiveCount`) has that one dead-lettered. One saga takes some tens of steps a second
 * at most.
 */
export function answerUntilCommitted<State>(
  parts: SagaParts<State>,
  ports: AnswerAgainPorts,
): HandleOnce {
  return async ({ definition }, handling) => {
    if (!(await mayHaveMissed(parts, handling.message, ports))) {
      // Without a memory of it, or it could not be brought once its saga is there.
      ports.onAnswer({ outcome: 'ignored', isWritten: false });
      return 'handled';
    }
    for (let tries = 1; ; tries++) {
      const tried = await tryToAnswer(parts, { definition, handling }, ports);
      if (tried.status === 'ended') return tried.ending;
      const waitMs = backoffMs(tries, raceDefaults.backoff, ports.random);
      const leftMs = handling.waitLeftMs() - waitMs;
      if (tries >= raceDefaults.maxTries || leftMs < raceDefaults.reserveMs) return giveBack(tried);
      handling.log.debug('others were in the way, answering anew', { tries });
      await ports.clock.sleep(waitMs);
    }
  };
}

type Tried = { readonly status: 'ended'; readonly ending: HandleResult } | Hindered;

/** What may pass by itself: other events of the saga, a conflict over something else, or a table that is throttled. */
interface Hindered {
  readonly status: 'overtaken' | 'hindered';
  readonly error: OutboxError;
}

async function tryToAnswer<State>(
  parts: SagaParts<State>,
  { definition, handling }: { definition: EventContract; handling: Handling },
  ports: AnswerAgainPorts,
): Promise<Tried> {
  const { message } = handling;
  let last: SagaStepResult | undefined;
  const handler = async (...[, tx]: Parameters<MessageHandler>): Promise<void> => {
    last = await answer(parts, { message, tx }, ports);
  };
  try {
    const subscription = { definition, idempotency: 'transaction', handler } as const;
    const ending = await ports.handleOnce(subscription, withoutReplay(handling));
    if (ending === 'handled' && last !== undefined) ports.onAnswer(last);
    return { status: 'ended', ending };
  } catch (error) {
    if (wasOvertaken(error, last)) return { status: 'overtaken', error };
    if (OutboxError.is(error, 'TRANSACTION_CONFLICT')) return { status: 'hindered', error };
    throw error;
  }
}

/** Losing against another event of its saga is no error: the queue redelivers it. */
function giveBack({ status, error }: Hindered): HandleResult {
  if (status === 'overtaken') return 'in-progress';
  throw error;
}

/** Remembered by its id alone. What comes by a replay was most likely handled, so that is looked up first. */
function withoutReplay(handling: Handling): Handling {
  const { replayId, ...message } = handling.message;
  return replayId === undefined ? handling : { ...handling, message, isRedelivered: true };
}

/** Whether others wrote the saga's row, the first of the writes, meanwhile, or are at it. */
function wasOvertaken(error: unknown, last: SagaStepResult | undefined): error is OutboxError {
  if (last?.isWritten !== true) return false;
  if (OutboxError.is(error, 'TRANSACTION_CONFLICT')) return isOnlyConflict(error);
  if (!OutboxError.is(error, 'CONDITION_FAILED')) return false;
  const { failures } = error.details as { failures: readonly { index: number }[] };
  return failures.some(({ index }) => index === 0);
}

/** A table that is throttled is another matter. */
function isOnlyConflict({ details }: OutboxError): boolean {
  const { codes } = details as { codes: readonly string[] };
  return codes.every((code) => code === 'TransactionConflict');
}

/** The outcome of an event: its saga, and whether its row is the first of the handler's writes. */
export interface SagaStepResult {
  readonly outcome: SagaOutcome | 'foreign';
  readonly key?: string;
  readonly status?: SagaRecord['status'];
  readonly isWritten: boolean;
}

/**
 * Answers an event for its saga: reads the saga, has its handler answer, and puts what comes of it into the
 * transaction, first of all the saga's row, on condition that it is as it was read.
 */
async function answer<State>(
  parts: SagaParts<State>,
  { message, tx }: { readonly message: InboxMessage; readonly tx: InboxTransaction },
  ports: AnswerPorts,
): Promise<SagaStepResult> {
  const key = readKey(parts, message);
  if (key === undefined) return { outcome: 'foreign', isWritten: false };
  const before = await readSaga({ saga: parts.name, key }, ports);
  const snapshot = before && (await readStored(before, parts));
  const result = transition(parts, { key, before: snapshot, event: message });
  const { outcome, saga } = result;
  if (outcome === 'unknown' && !parts.ignored.has(message.type)) throw noSaga(parts, key, message);
  const isWritten = saga !== undefined && changing.includes(outcome);
  if (isWritten) {
    await checkState(saga.state, key, parts);
    writeSaga({ parts, before, event: message, result, saga }, tx, ports);
  }
  collect(result, tx);
  return { outcome, key, isWritten, ...definedOnly({ status: saga?.status }) };
}

const changing: readonly SagaOutcome[] = ['started', 'changed'];

function collect({ writes, emits }: SagaTransition, tx: InboxTransaction): void {
  for (const { Put, Update, Delete, ConditionCheck } of writes) {
    if (Put !== undefined) tx.put(Put);
    if (Update !== undefined) tx.update(Update);
    if (Delete !== undefined) tx.delete(Delete);
    if (ConditionCheck !== undefined) tx.conditionCheck(ConditionCheck);
  }
  // An inbox without an outbox may have sagas that emit nothing.
  if (emits.length > 0) tx.emit(...emits);
}

function noSaga<State>(
  { name }: SagaParts<State>,
  key: string,
  { id, type }: InboxMessage,
): OutboxError {
  return new OutboxError(
    'SAGA_NOT_FOUND',
    `there is no saga ${name} ${key} to answer ${type} ${id}: it goes back to the queue, since the event that starts it may be on its way. ` +
      "Where such events are none of the saga's affair, give .on(…) the option whenNotFound: 'ignore', or a key that returns undefined",
    { details: { saga: name, key, type, eventId: id } },
  );
}

/** What answering events takes. */
interface AnswerPorts extends SagaPlace {
  readonly transactor: Transactor;
}

/**
 * Which saga a message is about; `undefined` where it is none of theirs.
 *
 * @throws OutboxError rejects the message where the saga has no use for its key
 */
function readKey<State>(parts: SagaParts<State>, message: InboxMessage): string | undefined {
  try {
    return sagaKeyOf(parts, message);
  } catch (error) {
    if (OutboxError.is(error)) reject(error.message, { cause: error });
    // Its message may quote the data.
    reject(`the key of saga ${parts.name} threw ${nameOfError(error)} for ${message.type}`);
  }
}

/** The saga as it is by now, read consistently; `undefined` where there is none, or not any more. */
async function readSaga(
  id: SagaId,
  { transactor, sagaTableName, clock }: AnswerPorts,
): Promise<SagaRecord | undefined> {
  const row = await transactor.get(sagaTableName, { ...sagaKey(id) });
  if (row === undefined) return undefined;
  const record = rowToSaga(row);
  return isForgotten(record, clock.now()) ? undefined : record;
}

/**
 * Whether a saga may answer an event: always, unless a replay brings it. Then only one that it has missed, as far as
 * that can be told.
 *
 * Its memory of events lasts for the dedupe window. An event that is older than that may have been answered, by it or
 * by an earlier saga of its key: it is left alone, since answering twice does harm, such as giving back what was paid
 * for an order that was fulfilled. The window counts from an hour before the event's time, since the clock of its
 * producer may have been that far ahead. Where a replay may start sagas, a saga's start counts instead, if that is
 * later: it has answered nothing before. So is an event left alone whose saga is forgotten, unless a replay may start
 * sagas. A deadline is left to the saga, which knows by its id whether it has come.
 */
async function mayHaveMissed<State>(
  parts: SagaParts<State>,
  message: InboxMessage,
  ports: AnswerPorts,
): Promise<boolean> {
  if (message.replayId === undefined || message.type === parts.deadline.type) return true;
  const key = readKey(parts, message);
  if (key === undefined) return true;
  const saga = await readSaga({ saga: parts.name, key }, ports);
  if (saga === undefined) return parts.startsOnReplay;
  return ports.clock.now() < answeredFrom(parts, saga, message) + ports.dedupeWindowMs;
}

/** The earliest moment at which the event may have been answered. Epoch milliseconds. */
function answeredFrom<State>(
  { startsOnReplay }: SagaParts<State>,
  { startedAt }: SagaRecord,
  { time }: InboxMessage,
): number {
  const madeFrom = Date.parse(time) - ownLimits.maxEventAgeMs;
  return startsOnReplay ? Math.max(startedAt, madeFrom) : madeFrom;
}
