import type { InboxConfig } from '../core/environment.ts';
import { OutboxError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Clock, Random } from '../core/ports.ts';
import {
  checkAction,
  requestOf,
  tableNameOf,
  type TransactItem,
  type Transactor,
} from '../dynamodb/actions.ts';
import { commit, commitAlone } from '../dynamodb/transaction.ts';
import type { OutboxEvent } from '../events/event.ts';
import type { Cancellation } from '../outbox/cancel.ts';
import { commitEvents, writeFailed, type CommitEventsResult } from '../outbox/commit.ts';
import type { Writer } from '../outbox/prepare.ts';
import {
  inboxTable,
  isNewMessage,
  markerKey,
  markerToRow,
  remembersMessage,
  type Handled,
} from '../table/inbox.ts';
import type { MessageLog } from './log.ts';
import type { InboxMessage } from './message.ts';

/**
 * What a handler wants written, in the document client's shape. Nothing is sent until the handler is
 * done; then all of it is committed together with the inbox's marker, or none.
 *
 * It takes up to 99 writes, events and cancellations (96 in an ordered inbox), 4 MB in all, one write per item (a condition on an item that
 * is written belongs into that write). If a condition fails, the message goes back to the queue: on
 * redelivery, the handler reads the current state.
 */
export interface InboxTransaction {
  put(input: NonNullable<TransactItem['Put']>): void;
  update(input: NonNullable<TransactItem['Update']>): void;
  delete(input: NonNullable<TransactItem['Delete']>): void;
  /**
   * A condition on an item that is not written. The function needs `dynamodb:ConditionCheckItem` on its table, which
   * `grantWriteData` of the CDK does not give: `table.grant(fn, 'dynamodb:ConditionCheckItem')`.
   * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
   */
  conditionCheck(input: NonNullable<TransactItem['ConditionCheck']>): void;
  /**
   * Events that exist if and only if the rest is committed. They inherit the message's correlation id,
   * trace and tenant, and the message is their cause.
   */
  emit(...events: OutboxEvent[]): void;
  /**
   * Takes back a deferred event of the inbox's own outbox (one with `deliverAt`), together with the rest.
   *
   * Where it is not deferred any more, nothing is written and the message goes back to the queue
   * (`EVENT_NOT_DEFERRED`). With `required: false` the rest is committed without: then the event is delivered, and
   * its handlers must tolerate it.
   */
  cancel(eventId: string, options?: { readonly required?: boolean }): void;
  /** A log whose lines carry the message's ids. */
  readonly logger: MessageLog;
}

/** What a handler collected. */
interface Collected {
  readonly writes: readonly TransactItem[];
  readonly events: readonly OutboxEvent[];
  readonly cancel: readonly Cancellation[];
}

/** What is collected where there is no handler. */
export const nothing: Collected = { writes: [], events: [], cancel: [] };

/** Where a handler's writes go, and what they must keep clear of. */
export interface CollectOptions {
  readonly handled: Handled;
  /** The inbox's table. */
  readonly tableName: string;
  /** Whether events can be written along. */
  readonly hasOutbox: boolean;
  readonly log: MessageLog;
}

/** A transaction to hand to a handler, and what comes together in it until `close` is called. */
export interface OpenTransaction {
  readonly tx: InboxTransaction;
  readonly collected: Collected;
  readonly close: () => void;
}

function openTransaction(options: CollectOptions): OpenTransaction {
  const writes: TransactItem[] = [];
  const events: OutboxEvent[] = [];
  const cancel: Cancellation[] = [];
  let isOpen = true;
  const add = (action: TransactItem): void => {
    checkOpen(isOpen, options);
    checkAction(action, writes.length);
    checkClearOfMarker(action, options);
    writes.push(action);
  };
  const tx: InboxTransaction = {
    put: (input) => {
      add({ Put: input });
    },
    update: (input) => {
      add({ Update: input });
    },
    delete: (input) => {
      add({ Delete: input });
    },
    conditionCheck: (input) => {
      add({ ConditionCheck: input });
    },
    emit: (...emitted) => {
      checkOpen(isOpen, options);
      checkOutbox(options);
      events.push(...emitted);
    },
    cancel: (eventId, { required = true } = {}) => {
      checkOpen(isOpen, options);
      checkOutbox(options);
      cancel.push({ eventId, required });
    },
    logger: options.log,
  };
  const close = (): void => {
    isOpen = false;
  };
  return { tx, collected: { writes, events, cancel }, close };
}

/** What comes after the end would be lost without a word. */
function checkOpen(isOpen: boolean, { handled }: CollectOptions): void {
  if (isOpen) return;
  throw new OutboxError(
    'TRANSACTION_CLOSED',
    `the handler of message ${handled.eventId} has ended, and its transaction takes nothing more: ` +
      'await everything in the handler that writes or emits',
    { details: { ...handled } },
  );
}

function checkOutbox({ hasOutbox, handled }: CollectOptions): void {
  if (hasOutbox) return;
  throw new OutboxError(
    'OUTBOX_MISSING',
    `inbox ${handled.inbox} has no outbox to emit events with, or to cancel them in: call outbox.grantWrite(fn) in the CDK app, ` +
      'which sets OUTBOX_TABLE and the rest',
    { details: { inbox: handled.inbox } },
  );
}

function checkClearOfMarker(action: TransactItem, { handled, tableName }: CollectOptions): void {
  if (nameOfTable(tableNameOf(action)) !== nameOfTable(tableName)) return;
  const { Key, Item = {} } = requestOf(action);
  const written = Key ?? Item;
  const marker = markerKey(handled);
  if (written[inboxTable.pk] !== marker.pk || written[inboxTable.sk] !== marker.sk) return;
  throw new OutboxError(
    'DUPLICATE_ITEM',
    `item ${marker.pk} / ${marker.sk} of table ${tableName} is the inbox's own: it remembers message ${handled.eventId}. ` +
      'Choose another key for what the handler writes',
    { details: { tableName, key: marker } },
  );
}

/** A table may be given by its ARN as well. */
function nameOfTable(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);
}

export interface CommitPorts extends MarkerPorts {
  /** Writes emitted events, where there is an outbox. */
  readonly writer?: Writer;
  readonly random: Random;
  /**
   * Tries of one transaction, where each meets a conflict or is throttled.
   *
   * @default - as many as a transaction is given
   */
  readonly maxAttempts?: number;
}

/** What a handler collected, and for which message. */
export interface Effects {
  readonly handled: Handled;
  readonly collected: Collected;
}

/** Guards that are tried, where each was overtaken by something that does not matter to the message. */
const maxGuards = 5;

/**
 * Commits what a handler collected together with a guard, in one transaction with a token of its own: all of
 * it, or, for a message that was handled before, nothing.
 *
 * @throws OutboxError `CONDITION_FAILED` where a condition of the handler's own failed (`details.index` is
 * the place among its writes); what {@link commitEvents} and the guard throw
 */
export async function commitOnce(
  first: Guard,
  { handled, collected }: Effects,
  ports: CommitPorts,
): Promise<HandleResult> {
  checkCount(first, { handled, collected });
  let guard = first;
  for (let tried = 1; tried <= maxGuards; tried++) {
    // The guard comes last: what is told of an action by its place is told of the handler's own writes.
    const result = await send([...collected.writes, ...guard.actions], collected, ports);
    if (result.status === 'committed') return 'handled';
    const own = collected.writes.length;
    const judgement = await guard.judge(result.failures.some(({ index }) => index >= own));
    if (judgement.status === 'blocksLane') throw writeFailed(result, collected.writes);
    if (judgement.status !== 'renewed') return judgement.status;
    guard = judgement.guard;
  }
  return 'in-progress';
}

async function send(
  actions: readonly TransactItem[],
  { events, cancel }: Collected,
  { writer, transactor, ...ports }: CommitPorts,
): Promise<CommitEventsResult> {
  const [only, ...more] = actions;
  const isAlone = more.length + events.length + cancel.length === 0;
  if (writer !== undefined && !isAlone) return commitEvents(writer, { actions, events, cancel });
  const result =
    only !== undefined && isAlone
      ? await commitAlone(transactor, only, ports)
      : await commit(transactor, actions, ports);
  return result.status === 'committed'
    ? { ...result, events: [], notCancelled: [] }
    : { ...result, alreadyWritten: [], notDeferred: [] };
}

function checkCount(
  { actions, room = actions.length }: Guard,
  { handled: { eventId }, collected: { writes, events, cancel } }: Effects,
): void {
  const limit = limits.transaction.maxActions - room;
  const count = writes.length + events.length + cancel.length;
  if (count <= limit) return;
  throw new OutboxError(
    'TOO_MANY_ACTIONS',
    `the handler of message ${eventId} collected ${writes.length} writes, ${events.length} events and ${cancel.length} cancellations, the limit is ${limit} in addition to the inbox's own: ` +
      'emit one event that tells of several changes, or events whose handlers do a part each',
    { details: { eventId, count, limit } },
  );
}

/**
 * What an inbox itself commits with a handler's effects. Its conditions make sure that they happen once, and
 * in the message's turn.
 */
export interface Guard {
  /** At least one. They come last in the transaction. */
  readonly actions: readonly TransactItem[];
  /**
   * Actions of the transaction that are kept for it, more than it may have this time: so that a handler has the same
   * room each time.
   *
   * @default - as many as it has
   */
  readonly room?: number;
  /**
   * Asked where nothing was committed: was the guard in the way?
   *
   * @param hasFailed whether a condition of its own failed. Where not, it may still not hold: DynamoDB need not
   * report every failed condition.
   */
  judge(hasFailed: boolean): Promise<Conflict>;
}

/** What a guard finds where nothing was committed. */
export type Conflict =
  /** It was not in the way: a condition of the handler's own failed. */
  | { readonly status: 'blocksLane' }
  /** The message was handled before. */
  | { readonly status: 'duplicate' }
  /** It is not known whether it is the message's turn: the queue must redeliver it. */
  | { readonly status: 'in-progress' }
  /** Something else changed: the same effects may be tried with this guard. */
  | { readonly status: 'renewed'; readonly guard: Guard };

/** Two guards in one transaction: both must hold. The first is asked first. */
export function bothGuards(first: Guard, second: Guard): Guard {
  const actions = [...first.actions, ...second.actions];
  return {
    actions,
    room: Math.max(actions.length, first.room ?? 0, second.room ?? 0),
    judge: async () => {
      // Whose condition it was is not known here: each is to look.
      const judgements = [await first.judge(false), await second.judge(false)] as const;
      const [ofFirst, ofSecond] = judgements;
      const refusal = judgements.find(
        ({ status }) => status !== 'blocksLane' && status !== 'renewed',
      );
      if (refusal !== undefined) return refusal;
      const isRenewed = judgements.some(({ status }) => status === 'renewed');
      return isRenewed
        ? {
            status: 'renewed',
            guard: bothGuards(renewedOr(first, ofFirst), renewedOr(second, ofSecond)),
          }
        : { status: 'blocksLane' };
    },
  };
}

function renewedOr(guard: Guard, judgement: Conflict): Guard {
  return judgement.status === 'renewed' ? judgement.guard : guard;
}

/** What remembering messages takes. */
export interface MarkerPorts {
  readonly config: InboxConfig;
  readonly transactor: Transactor;
  readonly clock: Clock;
}

/** What an inbox remembers of a message. */
export function handledBy(inbox: string, { id, replayId }: InboxMessage): Handled {
  return { inbox, eventId: id, ...(replayId === undefined ? {} : { replayId }) };
}

/** Remembers a message; in the way where it was handled before. */
export function markerGuard(handled: Handled, ports: MarkerPorts): Guard {
  const { config, clock } = ports;
  const now = clock.now();
  const Item = markerToRow(handled, { now, dedupeWindowMs: config.dedupeWindowMs });
  return {
    actions: [{ Put: { TableName: config.tableName, Item, ...isNewMessage(now) } }],
    judge: async (hasFailed) => {
      const isDuplicate = hasFailed || (await isRemembered(handled, ports));
      return { status: isDuplicate ? 'duplicate' : 'blocksLane' };
    },
  };
}

/** Whether a message was handled before. Reads consistently: one read unit. */
export async function isRemembered(
  handled: Handled,
  { config, transactor, clock }: MarkerPorts,
): Promise<boolean> {
  const marker = await transactor.get(config.tableName, { ...markerKey(handled) });
  return remembersMessage(marker, clock.now());
}

/** What a handler answered with, and what it wants written. */
export interface HandlerRun<Answer> {
  readonly answer: Answer;
  readonly collected: Collected;
}

/** Runs a handler with a transaction that takes what it writes until it has ended. */
export async function runHandler<Answer>(
  handler: (tx: InboxTransaction) => Promise<Answer> | Answer,
  { message, log }: Handling,
  { config, writer }: CommitPorts,
): Promise<HandlerRun<Answer>> {
  const { tx, collected, close } = openTransaction({
    handled: handledBy(config.name, message),
    tableName: config.tableName,
    hasOutbox: writer !== undefined,
    log,
  });
  try {
    return { answer: await handler(tx), collected };
  } finally {
    close();
  }
}

/** What a handler of messages is: it may be called again for the same message, see the way that calls it. */
export type MessageHandler<Message extends InboxMessage = InboxMessage> = (
  message: Message,
  tx: InboxTransaction,
) => Promise<void> | void;

/** One message on its way to a handler. */
export interface Handling {
  readonly message: InboxMessage;
  /** The queue delivered it before, so it may have been handled. */
  readonly isRedelivered: boolean;
  /** Whether the handler has timed out: its result is no longer awaited. */
  readonly isLate: () => boolean;
  /** How long the function may still run, in milliseconds; `Infinity` where that is not known. */
  readonly timeLeftMs: () => number;
  /** How long the answer is still waited for, in milliseconds; `Infinity` where that is not known. */
  readonly waitLeftMs: () => number;
  readonly log: MessageLog;
  /** Moves the cursor of the message's aggregate. @default - the inbox is not ordered */
  readonly turn?: Guard;
}

/**
 * How handling a message ended: it has its effects; it had them before; or it is in progress in another worker,
 * and the queue redelivers it.
 */
export type HandleResult = 'handled' | 'duplicate' | 'in-progress';
