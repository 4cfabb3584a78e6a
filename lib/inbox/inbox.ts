import { checkRequiredArguments } from '../core/errors.ts';
import type { EventContract } from '../events/event.ts';
import { inboxFrom, onFirstUse, type InboxSettings } from '../outbox/settings.ts';
import { handleBatch } from './batch.ts';
import type { InvocationContext } from './deadline.ts';
import type { LeaseHandler, LeaseOptions } from './lease.ts';
import type { MessageOf } from './message.ts';
import { checkOptions, toInboxPorts, type InboxOptions, type InboxPorts } from './options.ts';
import type { SqsBatchResponse, SqsEvent } from './sqs-event.ts';
import { addSubscription, type Subscription, type Subscriptions } from './subscriptions.ts';
import type { MessageHandler } from './transaction.ts';

/** A Lambda handler for a queue of messages. It is immutable: `on` returns another one. */
export interface InboxHandler {
  /** Handles the records of one invocation; returns those to deliver again. */
  (event: SqsEvent, context?: InvocationContext): Promise<SqsBatchResponse>;

  /**
   * The same inbox, with a handler for one more type of event.
   *
   * What the handler puts into `tx` happens exactly once per message. The handler itself may run more than
   * once: what else it does must bear that. It may throw {@link reject} to say that the message can
   * never succeed; anything else it throws gives the message back to the queue.
   *
   * @throws OutboxError `HANDLER_DUPLICATE` where the type has a handler already; `OPTION_INVALID` for an unknown way
   */
  on<Definition extends EventContract>(
    definition: Definition,
    handler: MessageHandler<MessageOf<Definition>>,
    options?: TransactionOptions,
  ): InboxHandler;

  /**
   * The same inbox, with a handler for one more type of event whose effects are outside DynamoDB: a payment
   * provider, an e-mail.
   *
   * ```ts
   * .on(PaymentRequested, async ({ data }, tx) => {
   *   const charge = await provider.charge(data.amount, { idempotencyKey: tx.idempotencyKey });
   *   tx.emit(PaymentTaken(data.orderId, { chargeId: charge.id }));
   *   return { chargeId: charge.id };
   * }, { idempotency: 'lease' })
   * ```
   *
   * Guarantee: at least once, one worker at a time, and remembered when done. It ends where a worker dies
   * between its call and the memory of it: then the call is made again, so pass on `tx.idempotencyKey`. What the
   * handler puts into `tx` happens exactly once, together with the memory of the message.
   *
   * @throws OutboxError `HANDLER_DUPLICATE` where the type has a handler already; `OPTION_INVALID` for an unknown way
   */
  on<Definition extends EventContract, Result>(
    definition: Definition,
    handler: LeaseHandler<MessageOf<Definition>, Result>,
    options: LeaseOptions<MessageOf<Definition>, Result>,
  ): InboxHandler;
}

/** How a handler whose effects are in DynamoDB is registered. */
export interface TransactionOptions {
  /** @default 'transaction' */
  readonly idempotency?: 'transaction';
}

/**
 * The consumer's side: handles each message of a queue once.
 *
 * ```ts
 * export const handler = createInbox().on(OrderPlaced, async ({ data }, tx) => {
 *   tx.put({ TableName: invoices, Item: { id: data.orderId, total: data.total } });
 *   tx.emit(PaymentRequested(data.orderId, { amount: data.total }));
 * });
 * ```
 *
 * Guarantee: what a handler puts into `tx` is committed together with the memory of the message, so it
 * happens exactly once in the inbox's dedupe window, even if the queue delivers in any order, duplicated or
 * batched. A message that is no event, has no handler, or whose data does not fit is sent to the
 * dead-letter queue at once, with the reason as attributes, and so is one whose handler asks for what no transaction
 * takes; all else that fails goes back to the queue. On its last receive, where that is known, what fails by an
 * `OutboxError` takes its code along as reason; but what timed out (`HANDLER_TIMEOUT`) is moved by the
 * queue, without one: its handler may still be running.
 *
 * In an ordered inbox (`ordered` of the construct) each aggregate's events are handled in sequence: one that comes
 * early is kept in the inbox's table, types without a handler only count, and an aggregate stops at an event that
 * fails. An event without a sequence that has a handler is sent to the dead-letter queue. A replay is handled again
 * in sequence; new events of its aggregates wait until it has come as far as the inbox had been. A message of it that
 * does not come is waited for as long as the queue may still deliver it (receives times visibility timeout), each
 * further one for `adoptWait`; one that comes after later ones all the same is sent to the dead-letter queue
 * (`REPLAY_MISSED`). One replay of an aggregate runs at a time; on a FIFO queue two take turns. It costs a read unit and two write units more for each replayed message.
 *
 * Trust: a message has the authority of its transport. A bus checks the right to send (`events:source`,
 * `events:detail-type`) by its envelope, and an event that differs from that goes to the dead-letter queue
 * (`ENVELOPE_MISMATCH`). A principal that may send as a source may send its events, its replays and its skip notices: limit
 * `events:PutEvents` to each sender's own source, and set `source` on the construct. Queues, topics and rules that
 * pass on `$.detail` alone name no sender: everyone who may send to them is trusted.
 *
 * Messages of a standard queue are handled in parallel. Those of a FIFO queue are handled group by group,
 * each in order up to its first failure.
 *
 * Make it once, outside the handler. It is a plain async function, so middlewares wrap it:
 * `middy(handler).use(…)`. https://middy.js.org
 *
 * Its settings are the variables that the `Inbox` construct sets; where `outbox.grantWrite(fn)` was called in the CDK
 * app, they name the outbox to emit events with. They are read on first use, or inside Lambda at once; then
 * `ENVIRONMENT_MISSING` or `ENVIRONMENT_INVALID` is thrown where they are not right. In a test, `testInbox` of
 * `cdk-outbox/testing` runs it on memory.
 *
 * @throws OutboxError `OPTION_INVALID`
 */
export function createInbox(options: InboxOptions = {}): InboxHandler {
  checkOptions(options);
  const opened = onFirstUse(options, (environment, used) =>
    toInboxPorts(inboxFrom(environment), used),
  );
  return withSubscriptions(opened, new Map());
}

/** An inbox whose settings are known. */
export function openInbox(settings: InboxSettings, options: InboxOptions = {}): InboxHandler {
  checkOptions(options);
  const ports = toInboxPorts(settings, options);
  return withSubscriptions(() => ports, new Map());
}

function withSubscriptions(opened: () => InboxPorts, subscriptions: Subscriptions): InboxHandler {
  const handle = async (event: SqsEvent, context?: InvocationContext): Promise<SqsBatchResponse> =>
    handleBatch(event, context, { ...opened(), subscriptions });
  const on = (
    definition: EventContract,
    handler: MessageHandler | LeaseHandler,
    options: TransactionOptions | LeaseOptions = {},
  ): InboxHandler => {
    checkRequiredArguments('.on(OrderPlaced, handler)', { definition, handler });
    const { idempotency = 'transaction' } = options;
    const added = { ...options, definition, handler, idempotency } as Subscription;
    return withSubscriptions(opened, addSubscription(subscriptions, added));
  };
  return Object.assign(handle, { on });
}
