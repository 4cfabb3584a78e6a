import type { Dimensions } from '../core/dimensions.ts';
import { OutboxError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { openDeadline, type Deadline, type InvocationContext } from './deadline.ts';
import { isDone, openDelivery, type Delivery } from './delivery.ts';
import { runLanes, type Step } from './lanes.ts';
import { holdsUp, lanesOf, type LaneOptions } from './lanes-of.ts';
import { newTally, type InboxMetricsSink, type Tally } from './metrics.ts';
import { report } from './report.ts';
import { settle, type SettlePorts } from './settle.ts';
import type { SqsBatchResponse, SqsEvent, SqsRecord } from './sqs-event.ts';

/** What handling a batch takes. */
export interface BatchPorts extends Omit<SettlePorts, 'deadline' | 'observe'> {
  /** Of what it counts. */
  readonly dimensions: Dimensions;
  /** Lanes handled at once. */
  readonly concurrency: number;
  readonly rivalryOf?: LaneOptions['rivalryOf'];
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

/** Answers with whether the delivery is done, and whether its lane may go on. */
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
  return holdsUp(delivery, laneOptions(ports)) ? 'stop' : 'undone';
}

function laneOptions({ sequencing, rivalryOf }: BatchPorts): LaneOptions {
  return { isOrdered: sequencing !== undefined, rivalryOf };
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
