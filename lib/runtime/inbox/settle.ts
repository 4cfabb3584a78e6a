import { OutboxError } from '../../contract/error.ts';
import { isInvalidMessage } from '../../contract/message.ts';
import { withContext } from '../context.ts';
import type { SendToDeadLetterQueue } from './dead-letter.ts';
import { rejected, type Delivery, type Outcome, type Rejected } from './delivery.ts';
import { contextCausedBy, toInboxMessage } from './message.ts';
import { keepBack } from './last-receive.ts';
import { readData } from './read-data.ts';
import { isRedelivered } from './sqs-event.ts';
import type { Subscription, Subscriptions } from './subscriptions.ts';
import type { Handling } from './way.ts';
import type { HandleOnce } from './ways.ts';

/** What settling a delivery takes. */
export interface SettlePorts {
  readonly subscriptions: Subscriptions;
  readonly handleOnce: HandleOnce;
  readonly sendToDeadLetterQueue: SendToDeadLetterQueue;
  /** How often the queue delivers a message. @default - not known */
  readonly maxReceives?: number | undefined;
  /** Whether nobody waits for the outcome any more. */
  readonly isLate: () => boolean;
  /** How long the function may still run, in milliseconds. */
  readonly timeLeftMs: () => number;
}

/**
 * Handles one delivery, whatever it holds, and says what became of it. Never throws: an error gives the
 * message back to the queue. One that can never succeed goes to the dead-letter queue at once.
 */
export async function settle(delivery: Delivery, ports: SettlePorts): Promise<Outcome> {
  try {
    const verdict = await judge(delivery, ports);
    if (verdict.status !== 'rejected') return verdict;
    await ports.sendToDeadLetterQueue(delivery.record, verdict.rejection);
    return { ...verdict, status: 'dead-lettered' };
  } catch (error) {
    return { status: 'failed', error };
  }
}

async function judge(delivery: Delivery, ports: SettlePorts): Promise<Outcome | Rejected> {
  const { message, record, log } = delivery;
  if (isInvalidMessage(message)) return rejected('MESSAGE_INVALID', message.problem);
  if (message.skipped === true) return { status: 'skipped' };
  const subscription = ports.subscriptions.get(message.type);
  if (subscription === undefined) return rejected('EVENT_TYPE_UNKNOWN', noHandler(message.type));
  const { definition } = subscription;
  const reading = await readData(message, definition);
  if (reading.status === 'failed') return keepBack(reading, record, ports.maxReceives);
  if (reading.status === 'rejected') return reading;
  const handling = {
    message: toInboxMessage(message, reading.data, definition.version),
    isRedelivered: isRedelivered(record),
    isLate: ports.isLate,
    timeLeftMs: ports.timeLeftMs,
    log,
  };
  return callHandler(subscription, handling, ports);
}

async function callHandler(
  subscription: Subscription,
  handling: Handling,
  { handleOnce }: SettlePorts,
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
