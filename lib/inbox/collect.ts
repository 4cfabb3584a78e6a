import { OutboxError } from '../core/errors.ts';
import { inboxTable, markerKey, type Handled } from '../table/inbox-rows.ts';
import { checkAction, requestOf, tableNameOf } from '../dynamodb/action.ts';
import type { OutboxEvent } from '../events/event.ts';
import type { Cancellation } from '../outbox/cancel.ts';
import type { Action } from '../dynamodb/transactor.ts';
import type { MessageLog } from './log.ts';

/**
 * What a handler wants written, in the document client's shape. Nothing is sent until the handler is
 * done; then all of it is committed together with the inbox's marker, or none.
 *
 * It takes up to 99 writes, events and cancellations (96 in an ordered inbox), 4 MB in all, one write per item (a condition on an item that
 * is written belongs into that write). Where a condition fails, the message goes back to the queue: when
 * it comes again, the handler finds what is there then.
 */
export interface InboxTransaction {
  put(input: NonNullable<Action['Put']>): void;
  update(input: NonNullable<Action['Update']>): void;
  delete(input: NonNullable<Action['Delete']>): void;
  /**
   * A condition on an item that is not written. The function needs `dynamodb:ConditionCheckItem` on its table, which
   * `grantWriteData` of the CDK does not give: `table.grant(fn, 'dynamodb:ConditionCheckItem')`.
   * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
   */
  check(input: NonNullable<Action['ConditionCheck']>): void;
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
   * whoever handles it must bear it.
   */
  cancel(eventId: string, options?: { readonly required?: boolean }): void;
  /** A log whose lines carry the message's ids. */
  readonly log: MessageLog;
}

/** What a handler collected. */
export interface Collected {
  readonly writes: readonly Action[];
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

export function openTransaction(options: CollectOptions): OpenTransaction {
  const writes: Action[] = [];
  const events: OutboxEvent[] = [];
  const cancel: Cancellation[] = [];
  let isOpen = true;
  const add = (action: Action): void => {
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
    check: (input) => {
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
    log: options.log,
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
    { facts: { ...handled } },
  );
}

function checkOutbox({ hasOutbox, handled }: CollectOptions): void {
  if (hasOutbox) return;
  throw new OutboxError(
    'OUTBOX_MISSING',
    `inbox ${handled.inbox} has no outbox to emit events with, or to cancel them in: call outbox.grantWrite(fn) in the CDK app, ` +
      'which sets OUTBOX_TABLE and the rest',
    { facts: { inbox: handled.inbox } },
  );
}

function checkClearOfMarker(action: Action, { handled, tableName }: CollectOptions): void {
  if (nameOfTable(tableNameOf(action)) !== nameOfTable(tableName)) return;
  const { Key, Item = {} } = requestOf(action);
  const written = Key ?? Item;
  const marker = markerKey(handled);
  if (written[inboxTable.pk] !== marker.pk || written[inboxTable.sk] !== marker.sk) return;
  throw new OutboxError(
    'DUPLICATE_ITEM',
    `item ${marker.pk} / ${marker.sk} of table ${tableName} is the inbox's own: it remembers message ${handled.eventId}. ` +
      'Choose another key for what the handler writes',
    { facts: { tableName, key: marker } },
  );
}

/** A table may be given by its ARN as well. */
function nameOfTable(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);
}
