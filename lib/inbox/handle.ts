import type { OrderedConfig } from '../core/environment.ts';
import { OutboxError, type OutboxErrorCode } from '../core/errors.ts';
import { withContext } from '../events/context.ts';
import { isInvalidMessage, type Message } from '../table/message.ts';
import type { SendToDeadLetterQueue } from './dead-letter.ts';
import { inTime, outOfTime, type Deadline, type TimePorts } from './deadline.ts';
import {
  failed,
  rejected,
  type Delivery,
  type Failed,
  type Outcome,
  type Rejected,
} from './delivery.ts';
import { contextCausedBy, readData, toInboxMessage } from './message.ts';
import type { PutBack } from './ordered/put-back.ts';
import { handleInSequence, repeat, type Sequenced } from './ordered/sequencer.ts';
import type { OpenTurn } from './ordered/turn.ts';
import { isRedelivered, type SqsRecord } from './sqs-event.ts';
import type { HandleOnce, Subscription, Subscriptions } from './subscriptions.ts';
import type { CommitPorts, HandleResult, Handling } from './transaction.ts';

/** What settling a delivery takes. */
export interface SettlePorts extends PerformPorts, TimePorts {
  readonly sendToDeadLetterQueue: SendToDeadLetterQueue;
  /** Whether a message was handled before. */
  readonly remembers: (message: Message) => Promise<boolean>;
  /** How often the queue delivers a message. @default - not known */
  readonly maxReceiveCount?: number | undefined;
  /** @default - messages are handled in any order */
  readonly sequencing?: Sequencing;
  /** Told of messages that were handled along with one that was delivered. */
  readonly observe: (delivery: Delivery, outcome: Outcome) => void;
}

/** What handling each aggregate's messages in sequence takes. */
export interface Sequencing {
  readonly commit: CommitPorts;
  readonly ordered: OrderedConfig;
  readonly putBack: PutBack;
}

/**
 * Handles one delivery, valid or not, and returns its outcome. Never throws: an error gives the
 * message back to the queue. One that can never succeed goes to the dead-letter queue at once, with the reason; and
 * so does what fails by a name of its own on its last receive.
 *
 * In an ordered inbox it then goes on with what waits next. That does not affect the outcome of the delivery, except
 * if it cannot even be put back on the queue: then the delivery is given back, and its redelivery goes on.
 */
export async function settle(delivery: Delivery, ports: SettlePorts): Promise<Outcome> {
  const work = (deadline: Deadline): Promise<Settled> => settleOne({ delivery, deadline }, ports);
  const { outcome, goOn }: Settled = await inTime(delivery, work, ports);
  try {
    await goOn?.();
    return outcome;
  } catch (error) {
    return failed(error);
  }
}

/** A delivery, and the time that it has. */
interface Timed {
  readonly delivery: Delivery;
  readonly deadline: Deadline;
}

interface Settled extends Sequenced {
  readonly outcome: Outcome;
}

async function settleOne(timed: Timed, ports: SettlePorts): Promise<Settled> {
  const { delivery, deadline } = timed;
  try {
    const { outcome, goOn } = await tryToHandle(timed, ports);
    if (outcome.status !== 'rejected') return { outcome, goOn };
    if (await wasHandled(delivery, ports)) return { outcome: { status: 'duplicate' } };
    // It timed out: the message is back on the queue, and its redelivery decides.
    if (deadline.hasPassed()) return { outcome: failed(outOfTime(delivery.record.messageId)) };
    await ports.sendToDeadLetterQueue(delivery.record, outcome.rejection);
    return { outcome: { ...outcome, status: 'dead-lettered' } };
  } catch (error) {
    return { outcome: failed(error) };
  }
}

/**
 * Whether what is refused is a copy of what was handled: its handler may have refused it for what it did itself, and
 * a schema may have become stricter since. An ordered inbox asks its cursor first, before anything is judged.
 */
async function wasHandled(
  { message }: Delivery,
  { sequencing, remembers }: SettlePorts,
): Promise<boolean> {
  return !isInvalidMessage(message) && sequencing === undefined && remembers(message);
}

async function tryToHandle(timed: Timed, ports: SettlePorts): Promise<Sequenced> {
  const { delivery, deadline } = timed;
  const verdict = await handleInTime(timed, ports).catch((error: unknown) => ({
    outcome: failed(error),
  }));
  const { outcome } = verdict;
  if (outcome.status !== 'failed' || deadline.hasPassed()) return verdict;
  return { outcome: classifyFailure(outcome, delivery.record, ports.maxReceiveCount) };
}

async function handleInTime(timed: Timed, ports: SettlePorts): Promise<Sequenced> {
  const { message } = timed.delivery;
  if (isInvalidMessage(message)) {
    return { outcome: rejected(message.code ?? 'MESSAGE_INVALID', message.problem) };
  }
  const { sequencing } = ports;
  return sequencing === undefined
    ? { outcome: await handleMessage({ ...timed, message }, ports) }
    : handleOrdered({ ...timed, message }, { ...ports, sequencing });
}

function handleOrdered(
  arrived: Timed & { readonly message: Message },
  ports: SettlePorts & { readonly sequencing: Sequencing },
): Promise<Sequenced> {
  return handleInSequence(arrived, {
    ...ports.sequencing,
    perform: (subject, turn) => handleMessage({ ...subject, turn }, ports),
    repeat: (again) => repeat(again, { ...ports.sequencing, subscriptions: ports.subscriptions }),
    isWanted: (type) => ports.subscriptions.has(type),
    observe: ports.observe,
    deadline: ports.deadline,
    clock: ports.clock,
    handlerTimeoutMs: ports.handlerTimeoutMs,
  });
}

/** What a handler wants is impossible as it is: to try again would change nothing. */
const hopeless: readonly OutboxErrorCode[] = [
  'ITEM_TOO_LARGE',
  'SAGA_INVALID',
  'TOO_MANY_ACTIONS',
  'TRANSACTION_TOO_LARGE',
];

/** Another worker is at the message, and may well be done with it before the queue brings it again. */
const elsewhere: readonly OutboxErrorCode[] = ['LEASE_LOST'];

/**
 * What a failure means for its message: to be tried again; or, where that is hopeless or was the last time that the
 * queue delivers it, the dead-letter queue with the error's code as reason, before the queue moves it there without one.
 *
 * Errors that are no {@link OutboxError} have no code, and their texts are a stranger's: the queue moves the message.
 * So it does where it is not known how often it delivers, and where another worker is at the message.
 */
function classifyFailure(
  failed: Failed,
  { attributes }: SqsRecord,
  maxReceiveCount = Infinity,
): Failed | Rejected {
  const { error } = failed;
  if (!OutboxError.is(error) || elsewhere.includes(error.code)) return failed;
  if (hopeless.includes(error.code)) return rejected(error.code, error.message);
  const received = Number(attributes.ApproximateReceiveCount);
  if (!(received >= maxReceiveCount)) return failed;
  return rejected(
    error.code,
    `${error.message}. It was received ${received} times: redrive it when the cause is fixed`,
  );
}

/** What handling a message takes. */
interface PerformPorts {
  readonly subscriptions: Subscriptions;
  readonly handleOnce: HandleOnce;
}

/** A message, the time that it has, and its turn in an ordered inbox. */
export interface HandleContext {
  readonly delivery: Delivery;
  readonly message: Message;
  readonly deadline: Deadline;
  readonly turn?: OpenTurn | undefined;
}

/**
 * Dispatches a message to the handler of its type. In an ordered inbox, what has no handler and what only tells
 * that a sequence passes without an event moves the cursor alone.
 */
async function handleMessage(
  performance: HandleContext,
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
  { delivery, message, deadline, turn }: HandleContext,
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
  return ending === 'in-progress' ? { status: ending } : outcome;
}

async function pass(status: 'skipped' | 'passed', turn: OpenTurn | undefined): Promise<Outcome> {
  const ending: HandleResult = (await turn?.pass()) ?? 'handled';
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
