import { isInvalidEntry, rowToEntry, type Entry, type Row } from '../table/entry.ts';
import { inboxMetrics } from '../core/metrics.ts';
import type { Message } from '../table/message.ts';
import { isInvalidRow, rowToWaiting } from '../table/waiting.ts';
import type { OutboxEvent } from '../events/event.ts';
import { deadLetterAttributes } from '../inbox/dead-letter.ts';
import type { InboxOptions } from '../inbox/options.ts';
import type { SqsBatchResponse } from '../inbox/sqs-event.ts';
import type { Clock, Log, LogFields } from '../core/ports.ts';
import type { SagaRunOptions } from '../saga/create-saga.ts';
import { systemClock } from '../core/system.ts';
import { runInTestScope, type TestScope } from '../outbox/settings.ts';
import type { OutboxOptions } from '../outbox/outbox.ts';
import { messageOf, sqsEventOf, type LambdaSqsEvent } from './sqs-events.ts';
import { testEnvironment } from './local-tables.ts';
import { createMemoryRunningSagas } from './memory-running-sagas.ts';
import { createMemoryTransactor, type MemoryTransactor } from './memory-transactor.ts';

/** What a test gives to its database in memory. */
export interface TestOptions {
  /** The tables that the code writes to, by name: the key's attribute, or partition key and sort key. */
  readonly tables?: Readonly<
    Record<string, string | readonly [partitionKey: string, sortKey: string]>
  >;
  /** Items that are there before, by table. @default - none */
  readonly items?: Readonly<Record<string, readonly Row[]>>;
  /** The time for the code under test, such as that of `createVirtualClock`. @default - the system's */
  readonly clock?: Clock;
}

/** An event that the code wrote. It can be delivered to another handler, or to the same one. */
export interface RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  /** The thing that the event is about: `order/42`. */
  readonly aggregate: string;
  readonly data: unknown;
  readonly sequence?: number;
  /** When it is due, where it is not at once. Epoch milliseconds. */
  readonly deliverAt?: number;
  readonly correlationId?: string;
  readonly causationId?: string;
}

/** A line that the package logged instead of printing it. */
export interface RecordedLog extends LogFields {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
}

/** What the code did so far. */
export interface Recorded {
  /** Events in the order in which they were written; those that were cancelled are not there. */
  readonly events: readonly RecordedEvent[];
  readonly logs: readonly RecordedLog[];
  /** All items of a table. @throws OutboxError `TABLE_NOT_FOUND` where `tables` does not name it */
  readonly items: (tableName: string) => Row[];
}

/** What `testOutbox` returns. */
export interface OutboxTest<Result> extends Recorded {
  readonly result: Result;
}

/** The outcome of the events of one `deliver`. */
export interface DeliveryReport {
  readonly handled: number;
  readonly duplicates: number;
  /** Messages that went back to the queue, with the error of the handler or the package where there was one. */
  readonly retried: readonly { readonly eventId: string; readonly error?: string }[];
  /** Messages that were sent to the dead-letter queue, with the reason. */
  readonly deadLetters: readonly {
    readonly eventId: string;
    readonly code: string;
    readonly reason: string;
  }[];
}

/** An inbox or a saga with its queue and its tables in memory. */
export interface InboxTest extends Recorded {
  /**
   * Delivers events one after the other, each in an invocation of its own. An event that was delivered before is a
   * redelivery of the same message. Takes recorded events too, such as the deadlines of a saga.
   */
  deliver(...events: readonly (OutboxEvent | RecordedEvent)[]): Promise<DeliveryReport>;
}

/** A handler of `createInbox` or `createSaga`, also inside middleware. */
export type TestedHandler = (event: LambdaSqsEvent, context: never) => Promise<SqsBatchResponse>;

/**
 * Runs `fn` with each outbox of the package writing to memory, and records what it writes.
 *
 * ```ts
 * const { events, items } = await testOutbox(() => handler(order), { tables: { orders: 'id' } });
 * ```
 *
 * Needs no environment variables, no AWS and no network. What `fn` does with clients of its own is not captured. Tests
 * may run at the same time: each has a database of its own.
 */
export async function testOutbox<Result>(
  fn: () => Promise<Result>,
  options: TestOptions = {},
): Promise<OutboxTest<Result>> {
  const { scope, recorded } = openTest(options);
  const result = await runInTestScope(scope, fn);
  return { ...recorded, events: recorded.events, result };
}

/**
 * A handler of `createInbox` or `createSaga` with a queue and tables in memory.
 *
 * ```ts
 * const inbox = testInbox(handler, { tables: { invoices: 'id' } });
 * const placed = OrderPlaced('42', { orderId: '42', total: 9 });
 * expect(await inbox.deliver(placed, placed)).toMatchObject({ handled: 1, duplicates: 1 });
 * expect(inbox.items('invoices')).toEqual([{ id: '42', total: 9 }]);
 * ```
 *
 * Needs no environment variables, no AWS and no network. Deliveries keep what earlier ones left. The inbox is not
 * ordered; logs and metrics are recorded, not printed.
 */
export function testInbox(handler: TestedHandler, options: TestOptions = {}): InboxTest {
  const { scope, recorded, counts, deadLetters, logs } = openTest(options);
  const context = { functionName: 'test', getRemainingTimeInMillis: () => 300_000 } as never;
  const seen = new Map<string, number>();
  const deliverOne = async (event: OutboxEvent | RecordedEvent): Promise<Retried[]> => {
    const receiveCount = (seen.get(event.id) ?? 0) + 1;
    seen.set(event.id, receiveCount);
    const from = logs.length;
    const batch = sqsEventOf([messageOf(event)], { receiveCount });
    const answer = await runInTestScope(scope, () => handler(batch, context));
    if (answer.batchItemFailures.length === 0) return [];
    return [{ eventId: event.id, ...errorIn(logs.slice(from)) }];
  };
  return {
    get events() {
      return recorded.events;
    },
    logs,
    items: (tableName) => recorded.items(tableName),
    deliver: async (...events) => {
      const [handled, duplicates] = [inboxMetrics.handled, inboxMetrics.duplicates];
      const before = { ...counts };
      const letters = deadLetters.length;
      const retried: Retried[] = [];
      for (const event of events) retried.push(...(await deliverOne(event)));
      return {
        handled: (counts[handled] ?? 0) - (before[handled] ?? 0),
        duplicates: (counts[duplicates] ?? 0) - (before[duplicates] ?? 0),
        retried,
        deadLetters: deadLetters.slice(letters),
      };
    },
  };
}

type Retried = DeliveryReport['retried'][number];
type DeadLetter = DeliveryReport['deadLetters'][number];

/** Names that no table of a user has. */
const own = {
  outbox: 'cdk-outbox/test/outbox',
  inbox: 'cdk-outbox/test/inbox',
  sagas: 'cdk-outbox/test/sagas',
} as const;
const environment = testEnvironment({ outbox: own.outbox, inbox: own.inbox, saga: own.sagas });

interface OpenTest {
  readonly scope: TestScope;
  readonly recorded: Recorded;
  readonly logs: readonly RecordedLog[];
  /** By metric. */
  readonly counts: Readonly<Record<string, number>>;
  readonly deadLetters: readonly DeadLetter[];
}

function openTest({ tables = {}, items = {}, clock = systemClock }: TestOptions): OpenTest {
  const key = ['pk', 'sk'];
  const transactor = createMemoryTransactor({
    ...Object.fromEntries(Object.entries(tables).map(([name, keys]) => [name, [keys].flat()])),
    ...{ [own.outbox]: key, [own.inbox]: key, [own.sagas]: key },
  });
  for (const [tableName, rows] of Object.entries(items)) {
    for (const row of rows) transactor.put(tableName, row);
  }
  const logs: RecordedLog[] = [];
  const counts: Record<string, number> = {};
  const deadLetters: DeadLetter[] = [];
  const log = recordingLog(logs);
  const options: SagaRunOptions & OutboxOptions = {
    // A test's log may hold what an error quotes.
    ...{ transactor, clock, logger: log, logErrorMessages: true },
    running: createMemoryRunningSagas(transactor, own.sagas),
    sqsClient: recordingQueue(deadLetters) as NonNullable<InboxOptions['sqsClient']>,
    metrics: {
      addDimension: () => undefined,
      addMetric: (name, _unit, value) => {
        counts[name] = (counts[name] ?? 0) + value;
      },
      publishStoredMetrics: () => undefined,
    },
  };
  const recorded: Recorded = {
    get events() {
      return eventsIn(transactor);
    },
    logs,
    items: (tableName) => transactor.rows(tableName),
  };
  return { scope: { environment, options }, recorded, logs, counts, deadLetters };
}

function eventsIn(transactor: MemoryTransactor): RecordedEvent[] {
  return transactor.rows(own.outbox).flatMap((row) => {
    if (row['type'] === undefined) return [];
    if (row['dueAt'] === undefined) {
      const entry = rowToEntry(row);
      return isInvalidEntry(entry) ? [] : [toRecorded(entry)];
    }
    const { entry, dueAt } = rowToWaiting(row);
    return isInvalidRow(entry) ? [] : [{ ...toRecorded(entry), deliverAt: dueAt }];
  });
}

function toRecorded({ data, ...entry }: Entry): RecordedEvent {
  return { ...entry, data: JSON.parse(data) as unknown };
}

function recordingLog(lines: RecordedLog[]): Log {
  const write =
    (level: RecordedLog['level']) =>
    (message: string, fields: LogFields): void => {
      lines.push({ ...fields, level, message });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}

interface Sent {
  readonly MessageBody?: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue?: string }>>;
}

function recordingQueue(deadLetters: DeadLetter[]): { send(command: { input: Sent }): unknown } {
  return {
    send: ({ input: { MessageBody = '{}', MessageAttributes: attributes = {} } }) => {
      const { id } = JSON.parse(MessageBody) as Partial<Message>;
      deadLetters.push({
        eventId: id ?? '',
        code: attributes[deadLetterAttributes.reason]?.StringValue ?? '',
        reason: attributes[deadLetterAttributes.detail]?.StringValue ?? '',
      });
      return Promise.resolve({});
    },
  };
}

function errorIn(lines: readonly RecordedLog[]): Pick<Retried, 'error'> {
  const found = lines.map(({ error }) => (error as { message?: string } | undefined)?.message);
  const error = found.findLast((message) => message !== undefined);
  return error === undefined ? {} : { error };
}
