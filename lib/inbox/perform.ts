import { OutboxError } from '../core/errors.ts';
import type { Message } from '../table/message.ts';
import { withContext } from '../events/context.ts';
import type { Deadline } from './deadline.ts';
import { rejected, type Delivery, type Outcome, type Rejected } from './delivery.ts';
import { contextCausedBy, toInboxMessage } from './message.ts';
import type { OpenTurn } from './ordered/open-turn.ts';
import { readData } from './read-data.ts';
import { isRedelivered } from './sqs-event.ts';
import type { Subscription, Subscriptions } from './subscriptions.ts';
import type { Ending, Handling } from './way.ts';
import type { HandleOnce } from './ways.ts';

/** What handling a message takes. */
export interface PerformPorts {
  readonly subscriptions: Subscriptions;
  readonly handleOnce: HandleOnce;
}

/** A message, the time that it has, and its turn in an ordered inbox. */
export interface Performance {
  readonly delivery: Delivery;
  readonly message: Message;
  readonly deadline: Deadline;
  readonly turn?: OpenTurn | undefined;
}

/**
 * Has a message handled by whoever handles its type. In an ordered inbox, what has no handler and what only tells
 * that a sequence passes without an event moves the cursor alone.
 */
export async function perform(
  performance: Performance,
  ports: PerformPorts,
): Promise<Outcome | Rejected> {
  const { message, turn } = performance;
  if (message.skipped === true) return pass('skipped', turn);
  const subscription = ports.subscriptions.get(message.type);
  if (subscription !== undefined) return readAndHandle(performance, subscription, ports);
  return turn === undefined
    ? rejected('EVENT_TYPE_UNKNOWN', noHandler(message.type))
    : pass('passed', turn);
}

async function readAndHandle(
  { delivery, message, deadline, turn }: Performance,
  subscription: Subscription,
  ports: PerformPorts,
): Promise<Outcome | Rejected> {
  const { definition } = subscription;
  const reading = await readData(message, definition);
  if (reading.status !== 'read') return reading;
  const handling = {
    message: toInboxMessage(message, reading.data, definition.version),
    isRedelivered: isRedelivered(delivery.record),
    isLate: () => deadline.hasPassed(),
    timeLeftMs: () => deadline.timeLeftMs(),
    waitLeftMs: () => deadline.waitLeftMs(),
    log: delivery.log,
    ...(turn === undefined ? {} : { turn: turn.guard }),
  };
  const outcome = await callHandler(subscription, handling, ports);
  // It was handled while the cursor stood elsewhere: under a lease, before the inbox was ordered.
  const ending = outcome.status === 'duplicate' ? await turn?.pass() : undefined;
  return ending === 'in-hand' ? { status: ending } : outcome;
}

async function pass(status: 'skipped' | 'passed', turn: OpenTurn | undefined): Promise<Outcome> {
  const ending: Ending = (await turn?.pass()) ?? 'handled';
  return { status: ending === 'handled' ? status : ending };
}

async function callHandler(
  subscription: Subscription,
  handling: Handling,
  { handleOnce }: PerformPorts,
): Promise<Outcome | Rejected> {
  try {
    const context = contextCausedBy(handling.message);
    return { status: await withContext(context, () => handleOnce(subscription, handling)) };
  } catch (error) {
    if (!OutboxError.is(error, 'HANDLER_REJECTED')) throw error;
    return rejected(error.code, error.message);
  }
}

function noHandler(type: string): string {
  return `no handler for ${type}: add .on(…) for it, or leave the type out of what the inbox subscribes to`;
}
