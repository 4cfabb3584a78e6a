import { groupBy } from '../core/collections.ts';
import { inParallel } from '../core/concurrency.ts';
import { OutboxError } from '../core/errors.ts';
import type { Dimensions } from '../core/metrics.ts';
import type { Log } from '../core/ports.ts';
import { isInvalidMessage, sequenceOf, type Message } from '../table/message.ts';
import { openDeadline, type Deadline, type InvocationContext } from './deadline.ts';
import { isDone, openDelivery, type Delivery } from './delivery.ts';
import { settle, type SettlePorts } from './handle.ts';
import { newTally, type InboxMetricsSink, type Tally } from './log.ts';
import { report } from './report.ts';
import { isFifo, type SqsBatchResponse, type SqsEvent, type SqsRecord } from './sqs-event.ts';

/** What handling a batch takes. */
export interface BatchPorts extends Omit<SettlePorts, 'deadline' | 'observe'> {
  /** Of what it counts. */
  readonly dimensions: Dimensions;
  /** Lanes handled at once. */
  readonly concurrency: number;
  readonly serializationKey?: LaneOptions['serializationKey'];
  readonly log: Log;
  readonly metrics: InboxMetricsSink;
  /** Whether the messages of all errors are logged. @default false */
  readonly logErrorMessages?: boolean | undefined;
}

/** What belongs to one invocation, and to no other. */
interface Invocation {
  readonly deadline: Deadline;
  readonly tally: Tally;
}

/**
 * Handles the records of one invocation and names those to deliver again: what failed, what waits behind
 * a failure in its lane, and what there was no time for.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 *
 * @throws OutboxError `MESSAGE_INVALID` where the event is not a queue's
 */
export async function handleBatch(
  event: SqsEvent,
  context: InvocationContext | undefined,
  ports: BatchPorts,
): Promise<SqsBatchResponse> {
  const deliveries = recordsOf(event).map((record) => openDelivery(record, ports.log, ports));
  const invocation = {
    deadline: openDeadline(context),
    tally: newTally(ports.metrics, ports.dimensions),
  };
  try {
    const lanes = lanesOf(deliveries, laneOptions(ports));
    const undone = await runLanes(lanes, ports.concurrency, (delivery) =>
      handleDelivery(delivery, invocation, ports),
    );
    warnOfTime(undone, invocation, ports);
    return {
      batchItemFailures: undone.map(({ record }) => ({ itemIdentifier: record.messageId })),
    };
  } finally {
    invocation.deadline.clear();
    invocation.tally.publish();
  }
}

/** Returns whether the delivery is done, and whether its lane may go on. */
async function handleDelivery(
  delivery: Delivery,
  { deadline, tally }: Invocation,
  ports: BatchPorts,
): Promise<Step> {
  if (deadline.hasPassed()) return 'stop';
  const outcome = await settle(delivery, {
    ...ports,
    deadline,
    observe: (along, result) => {
      report(along, result, tally);
    },
  });
  report(delivery, outcome, tally);
  if (isDone(outcome)) return 'done';
  return blocksLane(delivery, laneOptions(ports)) ? 'stop' : 'undone';
}

function laneOptions({ sequencing, serializationKey }: BatchPorts): LaneOptions {
  return { isOrdered: sequencing !== undefined, serializationKey };
}

function warnOfTime(
  undone: readonly Delivery[],
  { deadline }: Invocation,
  { log }: BatchPorts,
): void {
  if (undone.length === 0 || !deadline.hasPassed()) return;
  log.warn('time was nearly up: messages given back to the queue', { count: undone.length });
}

function recordsOf(event: SqsEvent | null): readonly SqsRecord[] {
  const records: unknown = event?.Records;
  if (Array.isArray(records) && records.every(isOfQueue)) return records.map(withTextBody);
  const got: unknown = Array.isArray(records) ? records.find((one) => !isOfQueue(one)) : event;
  throw new OutboxError(
    'MESSAGE_INVALID',
    `expected Records of an SQS queue, got ${Object.keys(got ?? {}).join(', ') || 'nothing'}: ` +
      'let the Inbox construct trigger the function',
  );
}

/** Other services send records too; none of theirs has a body. */
function isOfQueue(record: unknown): record is SqsRecord {
  return (record as Partial<SqsRecord> | null)?.body !== undefined;
}

/** A middleware may have parsed the body, as `@middy/event-normalizer` does. */
function withTextBody(record: SqsRecord): SqsRecord {
  const body: unknown = record.body;
  return typeof body === 'string' ? record : { ...record, body: JSON.stringify(body) };
}

/** What decides which deliveries share a lane. */
interface LaneOptions {
  readonly isOrdered: boolean;
  /**
   * Names what the handlers of a message change: those that change the same thing would only get in each other's way.
   *
   * @default - nothing that others change
   */
  readonly serializationKey?: ((message: Message) => string | undefined) | undefined;
}

/**
 * Deliveries by what must not overtake each other: the messages of a FIFO queue's group; in an ordered inbox those
 * of an aggregate, in sequence as far as they came together; elsewhere those that change the same thing, or the
 * copies of one message, so that they do not compete.
 */
function lanesOf(deliveries: readonly Delivery[], options: LaneOptions): Lane<Delivery>[] {
  const isSorted = options.isOrdered && !deliveries.some(isOfFifo);
  const sorted = isSorted ? bySequence(deliveries) : deliveries;
  return toLanes(sorted, (delivery) => laneOf(delivery, options));
}

/**
 * Whether a delivery that failed holds up those behind it in its lane. An ordered inbox keeps them until its turn;
 * and one of several that change the same thing may be what the one before it waits for.
 */
function blocksLane(delivery: Delivery, { isOrdered, serializationKey }: LaneOptions): boolean {
  return isOfFifo(delivery) || !(isOrdered || serializationKey !== undefined);
}

function laneOf(delivery: Delivery, { isOrdered, serializationKey }: LaneOptions): string {
  const { record, message } = delivery;
  const { MessageGroupId: group } = record.attributes;
  if (isOfFifo(delivery) && group !== undefined) return group;
  if (isInvalidMessage(message)) return record.messageId;
  return isOrdered ? message.subject : (serializationKey?.(message) ?? message.id);
}

function isOfFifo({ record }: Delivery): boolean {
  return isFifo(record);
}

function bySequence(deliveries: readonly Delivery[]): Delivery[] {
  return deliveries.toSorted((a, b) => placeOf(a) - placeOf(b));
}

function placeOf({ message }: Delivery): number {
  return isInvalidMessage(message) ? 0 : (sequenceOf(message) ?? 0);
}

/** Deliveries that must not overtake each other, in their order. */
type Lane<T> = readonly T[];

/** Sorts items into lanes by name, each in the order given. */
export function toLanes<T>(items: readonly T[], nameOf: (item: T) => string): Lane<T>[] {
  return [...groupBy(items, nameOf).values()];
}

/** What handling an item means for its lane: on to the next; on, though it is not done; or no further. */
export type Step = 'done' | 'undone' | 'stop';

/**
 * Handles lanes in parallel, at most `concurrency` at once, and each in sequence up to the first item
 * that stops it.
 *
 * Returns the items that are not done: those undone, and in each lane that was stopped all from there on.
 */
export async function runLanes<T>(
  lanes: readonly Lane<T>[],
  concurrency: number,
  handle: (item: T) => Promise<Step>,
): Promise<T[]> {
  const undone = await inParallel(lanes, concurrency, (lane) => runLane(lane, handle));
  return undone.flat();
}

async function runLane<T>(lane: Lane<T>, handle: (item: T) => Promise<Step>): Promise<Lane<T>> {
  const undone: T[] = [];
  for (const [index, item] of lane.entries()) {
    const step = await handle(item);
    if (step === 'stop') return [...undone, ...lane.slice(index)];
    if (step === 'undone') undone.push(item);
  }
  return undone;
}
