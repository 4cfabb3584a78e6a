import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import type { EventContext } from '../table/entry.ts';
import { checkRequiredArguments } from '../core/errors.ts';
import { definedOnly } from '../core/collections.ts';
import { cancelAction, readCancel, type Cancel } from './cancel.ts';
import { commitEvents, alreadyWritten, writeFailed } from './commit.ts';
import { createDynamoDBTransactor } from '../dynamodb/transactor.ts';
import type { OutboxEvent } from '../events/event.ts';
import type { Clock, Log, Random } from '../core/ports.ts';
import { draftWrite, prepareDrafts, type WrittenEvent, type Writer } from './prepare.ts';
import { isLostSequenceRace } from './sequence.ts';
import {
  onFirstUse,
  outboxFrom,
  type EnvironmentOptions,
  type OutboxSettings,
} from './settings.ts';
import { systemClock } from '../core/system.ts';
import type { TraceSource } from '../events/trace.ts';
import type { TransactItem, Transactor } from '../dynamodb/actions.ts';

/** How an outbox finds its settings, and what it uses. */
export interface OutboxOptions extends EnvironmentOptions {
  /**
   * The document client to write with. Its `marshallOptions` apply to what is written, its `unmarshallOptions` to the
   * item that `CONDITION_FAILED` brings, and to nothing else.
   *
   * @default - a new one of the function's region, which drops undefined values
   */
  readonly documentClient?: DynamoDBDocumentClient;
  /**
   * The database, where it is not DynamoDB: tests pass the in-memory one.
   *
   * @default - DynamoDB, through `client`
   */
  readonly transactor?: Transactor;
  /** @default - the system's */
  readonly clock?: Clock;
  /** @default Math.random */
  readonly random?: Random;
  /**
   * Says which span writes, so that consumers' spans become its children. Asked for each write that is given
   * no `traceparent`.
   *
   * @default - the active span of OpenTelemetry, if that is set up; then what the context says; then
   * X-Ray's trace of the invocation
   */
  readonly trace?: TraceSource;
  /**
   * Told of conflicts and lost races, ids only.
   *
   * @default - silent
   */
  readonly logger?: Log;
}

/** What is written together. */
export interface WriteRequest {
  /** Puts, updates, deletes and condition checks of your own, in the document client's shape. */
  readonly items?: readonly TransactItem[];
  readonly events: readonly OutboxEvent[];
  /**
   * Deferred events (`deliverAt`) that shall not be delivered after all, by their ids. Where one is not
   * deferred any more, nothing is written, unless it is given as `{ eventId, required: false }`.
   *
   * A cancelled event is gone without a trace, as if it had never been written.
   *
   * @default - none
   */
  readonly cancel?: readonly Cancel[];
  /**
   * ClientRequestToken, 1 to 36 characters: for ten minutes after success, the same call with the same token
   * changes nothing. Give the events ids of your own too, or the second call is another one. Trace, correlation id
   * and the rest of the context may differ: what the first call wrote stays. Once a deferred event has come due, a
   * repeated call ends in `EVENT_ALREADY_WRITTEN`. Not with a sequence of `'next'`, nor with a cancellation that is
   * not required.
   *
   * @default - a new one, which guards against lost answers within this call
   */
  readonly clientRequestToken?: string;
  /**
   * Goes before the ambient context, value by value.
   *
   * @default - what `withContext` set
   */
  readonly context?: EventContext;
}

/** What was written. */
export interface WriteResult {
  /** The events in their order, with the sequences they were given. */
  readonly events: readonly WrittenEvent[];
  /** Ids of events that were to be cancelled, need not be, and were not deferred any more. */
  readonly notCancelled: readonly string[];
}

/** What goes with events whose actions join a transaction of your own. */
export interface PrepareOptions {
  /** As for `write`. */
  readonly context?: EventContext;
  /** Ids of deferred events to cancel. @default - none */
  readonly cancel?: readonly string[];
  /**
   * Whether you send the actions within a minute. Otherwise a note for the sweeper goes with them: it looks again at
   * the page of events that were written late, should the stream lose them. The note is one more Put, and costs about
   * four write units until it is gone.
   *
   * @default false
   */
  readonly sentAtOnce?: boolean;
}

/** The producer's side of an outbox. */
export interface OutboxClient {
  /**
   * Writes items and events in one transaction: all of them are there, or none.
   *
   * Conflicts with other writers and throttling are tried again for some seconds, with the same token; a
   * failed condition is not. Where it throws anything but an `OutboxError` (the connection broke), or
   * `TRANSACTION_CONFLICT`, the transaction may have been committed: write the same events again, and
   * `EVENT_ALREADY_WRITTEN` tells that it was.
   *
   * Costs, beyond the items: two write units per KB of each event; two more and a read for each aggregate
   * with a sequence of `'next'`. A deferred event costs about ten more until it is delivered: it is written to the
   * waiting room and its index, claimed there, and moved to its page. A cancellation costs three.
   *
   * @throws OutboxError before anything is sent: `NOTHING_TO_WRITE`, `TOO_MANY_ACTIONS`, `ACTION_INVALID`, `TABLE_NAME_MISSING`,
   * `TRANSACTION_TOO_LARGE`, `ITEM_TOO_LARGE`, `ENTRY_TOO_LARGE`, `MESSAGE_TOO_LARGE`, `EVENT_INVALID`,
   * `EVENT_NOT_JSON`, `EVENT_STALE`, `EVENT_TYPE_UNWANTED`, `AGGREGATE_INVALID`, `SEQUENCE_INVALID`,
   * `DUPLICATE_ITEM`, `TOKEN_INVALID`, `OPTION_INVALID`
   * @throws OutboxError when nothing was written: `CONDITION_FAILED` (`details.index` is the place in `items`,
   * `details.item` the old item where the action asked for it), `EVENT_ALREADY_WRITTEN`, `EVENT_NOT_DEFERRED`
   * (`details.events` says which could not be cancelled, and what each waits as), `SEQUENCE_CONFLICT`,
   * `TRANSACTION_CANCELLED`, `TOKEN_MISMATCH`, `TABLE_NOT_FOUND`, `DUPLICATE_ITEM`
   */
  write(request: WriteRequest): Promise<WriteResult>;

  /**
   * The actions that write events, and cancel deferred ones, for a transaction of your own:
   *
   * ```ts
   * const TransactItems = [{ Update: … }, ...(await outbox.prepare([OrderPlaced(…)]))];
   * await client.send(new TransactWriteCommand({ TransactItems }));
   * ```
   *
   * Events are checked and validated as in {@link write}. What you own then: sending within an hour, all in
   * one transaction; its limits (100 actions, 4 MB); conflicts, which the client does not try again; and
   * with a sequence of `'next'` the race for the counter, see {@link isSequenceConflict}. With a ClientRequestToken of
   * your own, send the very same actions again: prepared anew they carry another trace. A failed condition
   * on a Put made here otherwise means that the event was written before; on a Delete, that the event to cancel is
   * not deferred any more. The Deletes come last, behind a Put without condition that tells the sweeper of events
   * written late.
   *
   * @throws OutboxError as {@link write} does for events
   */
  prepare(events: readonly OutboxEvent[], options?: PrepareOptions): Promise<TransactItem[]>;

  /**
   * Whether your transaction with actions from {@link prepare} failed only since another writer took the
   * next sequence first, or met it at the counter. Then nothing was written: prepare the same events again, and
   * send again.
   *
   * @param error what the client threw
   * @param actions all actions of the transaction, in their order
   */
  isSequenceConflict(error: unknown, actions: readonly TransactItem[]): boolean;
}

/**
 * The producer's side of an outbox. Make it once, outside the handler.
 *
 * ```ts
 * const outbox = createOutbox();
 * ```
 *
 * Its settings are the variables that `outbox.grantWrite(fn)` sets in the CDK app. They are read on first use, or
 * inside Lambda at once; each method throws `ENVIRONMENT_MISSING` or `ENVIRONMENT_INVALID` where they are not right.
 * In a test, `testOutbox` of `cdk-outbox/testing` has it write to memory.
 */
export function createOutbox(options: OutboxOptions = {}): OutboxClient {
  const opened = onFirstUse(options, (environment, used) =>
    openOutbox(outboxFrom(environment), used),
  );
  return {
    write: async (request) => opened().write(request),
    prepare: async (events, more) => opened().prepare(events, more),
    isSequenceConflict: (error, actions) => opened().isSequenceConflict(error, actions),
  };
}

/** An outbox whose settings are known. */
export function openOutbox(settings: OutboxSettings, options: OutboxOptions = {}): OutboxClient {
  const writer = createWriter(settings, options);
  const { tableName } = settings;
  return {
    write: async (request) => {
      const usage = 'write({ items, events: [OrderPlaced(id, data)] })';
      checkRequiredArguments(usage, { request });
      checkRequiredArguments(usage, { events: request.events });
      const { items = [], clientRequestToken: token, ...rest } = request;
      const result = await commitEvents(writer, {
        ...{ ...rest, actions: items },
        ...(token === undefined ? {} : { token }),
      });
      if (result.status !== 'committed') throw writeFailed(result, items);
      const { events, notCancelled } = result;
      return { events, notCancelled };
    },
    prepare: async (events, { context, cancel = [], sentAtOnce = false } = {}) => {
      checkRequiredArguments('prepare([OrderPlaced(id, data)])', { events });
      const cancels = readCancel(cancel).map(({ eventId }) => cancelAction(eventId, tableName));
      const drafts = await draftWrite(writer, events, context);
      const prepared = await prepareDrafts(writer, drafts, sentAtOnce ? 'now' : 'later');
      if (prepared.alreadyWritten.length > 0) throw alreadyWritten(prepared);
      return [...prepared.counters, ...prepared.puts, ...prepared.notes, ...cancels];
    },
    isSequenceConflict: (error, actions) => isLostSequenceRace(error, { actions, tableName }),
  };
}

/** What {@link commitEvents} takes, with the defaults in place. */
export function createWriter(
  { trace: usualTrace, ...config }: OutboxSettings,
  {
    documentClient: client,
    transactor,
    clock,
    random,
    logger: log,
    trace = usualTrace,
  }: OutboxOptions,
): Writer {
  return {
    config,
    transactor: transactor ?? createDynamoDBTransactor(client),
    clock: clock ?? systemClock,
    random: random ?? Math.random,
    ...definedOnly({ log, trace }),
  };
}
