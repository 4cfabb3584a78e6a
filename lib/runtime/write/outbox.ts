import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

import type { EventContext } from '../../contract/entry.ts';
import type { WriterConfig } from '../../contract/environment.ts';
import { commitEvents } from './commit-events.ts';
import { createDynamoDBTransactor } from '../transaction/dynamodb-transactor.ts';
import type { OutboxEvent } from '../event/event.ts';
import type { Clock, Log, Random } from '../ports.ts';
import { draftWrite, prepareDrafts, type WrittenEvent } from './prepare.ts';
import { isLostSequenceRace } from './sequence-race.ts';
import { systemClock } from '../system.ts';
import type { Action, Transactor } from '../transaction/transactor.ts';
import { writeFailed } from './write-failed.ts';
import type { Writer } from './writer.ts';

/** What an outbox writes to, which `outboxFrom` reads, and how. */
export interface OutboxOptions extends WriterConfig {
  /**
   * The document client to write with, with its own settings.
   *
   * @default - a new one of the function's region, which drops undefined values
   */
  readonly client?: DynamoDBDocumentClient;
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
   * Told of conflicts and lost races, ids only.
   *
   * @default - silent
   */
  readonly log?: Log;
}

/** What is written together. */
export interface WriteRequest {
  /** Puts, updates, deletes and condition checks of your own, in the document client's shape. */
  readonly items?: readonly Action[];
  readonly events: readonly OutboxEvent[];
  /**
   * ClientRequestToken, 1 to 36 characters: for ten minutes after success, the same call with the same token
   * changes nothing. Make the events' ids yours too, or the second call is another one. Not with a sequence
   * of `'next'`.
   *
   * @default - a new one, which guards against lost answers within this call
   */
  readonly token?: string;
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
}

/** The producer's side of an outbox. */
export interface Outbox {
  /**
   * Writes items and events in one transaction: all of them are there, or none.
   *
   * Conflicts with other writers and throttling are tried again for some seconds, with the same token; a
   * failed condition is not. Where it throws anything but an `OutboxError` (the connection broke), or
   * `TRANSACTION_CONFLICT`, the transaction may have been committed: write the same events again, and
   * `EVENT_ALREADY_WRITTEN` tells that it was.
   *
   * Costs, beyond the items: two write units per KB of each event; two more and a read for each aggregate
   * with a sequence of `'next'`.
   *
   * @throws OutboxError before anything is sent: `NOTHING_TO_WRITE`, `TOO_MANY_ACTIONS`,
   * `TRANSACTION_TOO_LARGE`, `ITEM_TOO_LARGE`, `ENTRY_TOO_LARGE`, `MESSAGE_TOO_LARGE`, `EVENT_INVALID`,
   * `EVENT_NOT_JSON`, `EVENT_STALE`, `EVENT_TYPE_UNWANTED`, `AGGREGATE_INVALID`, `SEQUENCE_INVALID`,
   * `DUPLICATE_ITEM`, `TOKEN_INVALID`, `OPTION_INVALID`
   * @throws OutboxError when nothing was written: `CONDITION_FAILED` (`facts.index` is the place in `items`,
   * `facts.item` the old item where the action asked for it), `EVENT_ALREADY_WRITTEN`, `SEQUENCE_CONFLICT`,
   * `TRANSACTION_CANCELLED`, `TOKEN_MISMATCH`, `TABLE_NOT_FOUND`, `DUPLICATE_ITEM`
   */
  write(request: WriteRequest): Promise<WriteResult>;

  /**
   * The actions that write events, for a transaction of your own:
   *
   * ```ts
   * const TransactItems = [{ Update: … }, ...(await outbox.prepare([OrderPlaced(…)]))];
   * await client.send(new TransactWriteCommand({ TransactItems }));
   * ```
   *
   * Events are checked and validated as in {@link write}. What you own then: sending within an hour, all in
   * one transaction; its limits (100 actions, 4 MB); conflicts, which the client does not try again; and
   * with a sequence of `'next'` the race for the counter, see {@link isSequenceRaceLost}. A failed condition
   * on an action made here otherwise means that the event was written before.
   *
   * @throws OutboxError as {@link write} does for events
   */
  prepare(
    events: readonly OutboxEvent[],
    options?: { readonly context?: EventContext },
  ): Promise<Action[]>;

  /**
   * Whether your transaction with actions from {@link prepare} failed only since another writer took the
   * next sequence first, or met it at the counter. Then nothing was written: prepare the same events again, and
   * send again.
   *
   * @param error what the client threw
   * @param actions all actions of the transaction, in their order
   */
  isSequenceRaceLost(error: unknown, actions: readonly Action[]): boolean;
}

/**
 * The producer's side of an outbox. Make it once, outside the handler.
 *
 * ```ts
 * const outbox = createOutbox(outboxFrom(process.env));
 * ```
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const writer = createWriter(options);
  return {
    write: async (request) => {
      const { items = [], ...rest } = request;
      const result = await commitEvents(writer, { ...rest, actions: items });
      if (result.status === 'committed') return { events: result.events };
      throw writeFailed(result, items);
    },
    prepare: async (events, { context } = {}) => {
      const prepared = await prepareDrafts(writer, await draftWrite(writer, events, context));
      return [...prepared.counters, ...prepared.puts];
    },
    isSequenceRaceLost: (error, actions) =>
      isLostSequenceRace(error, { actions, tableName: options.tableName }),
  };
}

/** What {@link commitEvents} takes, with the defaults in place. */
export function createWriter(options: OutboxOptions): Writer {
  const { client, transactor, clock, random, log, ...config } = options;
  return {
    config,
    transactor: transactor ?? createDynamoDBTransactor(client),
    clock: clock ?? systemClock,
    random: random ?? Math.random,
    ...(log === undefined ? {} : { log }),
  };
}
