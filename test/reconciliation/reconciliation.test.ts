import type { BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import type { SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { WriterConfig } from '../../lib/core/environment.ts';
import { timeOfId } from '../../lib/table/keys.ts';
import type { ReconciliationConfig } from '../../lib/table/reconciliation.ts';
import { receiptsFor } from '../../lib/delivery/deliver.ts';
import { createDynamoDBStore } from '../../lib/dynamodb/outbox-store.ts';
import { createDynamoDBSweepStore } from '../../lib/dynamodb/sweep-store.ts';
import { newId } from '../../lib/core/system.ts';
import {
  type OutboxEvent,
  type ReconciliationOptions,
  type ReconciliationRequest,
} from '../../lib/runtime.ts';
import { openInbox } from '../../lib/inbox/inbox.ts';
import { openReconciliation } from '../../lib/reconciliation/reconciliation.ts';
import { openOutbox } from '../../lib/outbox/outbox.ts';
import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { OrderPlaced, OrderShipped, writerConfig } from '../support/orders.ts';
import { createKeyedTable, createOutboxTable, localClient } from '../support/tables.ts';
import { recordingLog } from '../support/world.ts';

const minute = 60_000;
const isoAt = (time: number): string => new Date(time).toISOString();
const windowMs = 30 * minute;

describe('a reconciliation', () => {
  const client = localClient();
  const documents = DynamoDBDocumentClient.from(client);
  let outboxConfig: WriterConfig;
  let inboxTable = '';
  let clock = createVirtualClock(0);
  beforeEach(async () => {
    outboxConfig = writerConfig(await createOutboxTable(client), { shards: 1 });
    inboxTable = await createKeyedTable(client);
    clock = createVirtualClock(Date.now());
  });

  const write = async (...events: OutboxEvent[]): Promise<void> => {
    await openOutbox(outboxConfig, { documentClient: documents }).write({ events });
  };
  /** What a relay leaves behind that published them. */
  const deliver = async (...events: OutboxEvent[]): Promise<void> => {
    const store = createDynamoDBStore({ client, ...outboxConfig });
    const entries = events.map((event) => ({ ...event, data: '' })) as never;
    const ports = { clock, newId, retentionMs: outboxConfig.retentionMs };
    await store.addReceipts(receiptsFor('published', { entries, invalidRows: [] }, ports));
  };
  const handle = async (event: OutboxEvent, name = 'billing'): Promise<void> => {
    const settings = { name, tableName: inboxTable, dedupeWindowMs: 60 * minute };
    const log = recordingLog();
    const inbox = openInbox(
      { ...settings, deadLetterQueueUrl: 'https://sqs.invalid/1/dead' },
      {
        documentClient: documents,
        clock,
        logger: log,
        metrics: metricsInto({}),
        sqsClient: { send: vi.fn() },
      },
    );
    const answer = await inbox.on(OrderPlaced, () => undefined)(sqsEventOf([messageOf(event)]));
    expect(answer.batchItemFailures).toEqual([]);
  };

  const metricsInto = (counts: Record<string, unknown>) => ({
    addDimension: (name: string, value: string) => (counts[name] = value),
    addMetric: (name: string, _unit: string, value: number) => (counts[name] = value),
    publishStoredMetrics: () => undefined,
  });
  const reconcile = async (
    over: Partial<ReconciliationConfig> = {},
    options: ReconciliationOptions = {},
    request?: ReconciliationRequest,
  ) => {
    const sent: SendMessageCommandInput[] = [];
    const counts: Record<string, unknown> = {};
    const log = recordingLog();
    const send = (command: { input: object }) => {
      sent.push(command.input as SendMessageCommandInput);
      return Promise.resolve({} as never);
    };
    const { tableName, shards } = outboxConfig;
    const queueUrl = 'https://sqs.invalid/1/billing';
    const run = openReconciliation(
      {
        ...{ name: 'orders', tableName, shards, source: 'orders', windowMs, mode: 'report' },
        consumers: [{ inbox: 'billing', tableName: inboxTable, queueUrl, types: ['order.placed'] }],
        outbox: outboxConfig,
        ...over,
      },
      {
        ...{ documentClient: documents, clock, logger: log, metrics: metricsInto(counts) },
        ...{ sqsClient: { send: send as never }, ...options },
      },
    );
    return { report: await run(request), sent, counts, log };
  };

  describe('of business items and events', () => {
    it('finds the item whose event is not there, and reports it by its ids', async () => {
      const [there, missing] = ['1', '2'].map((id) => OrderPlaced(id, { total: 7 }));
      await write(there!, OrderShipped('2', {}));

      const { report, counts, log } = await reconcile(
        {},
        { expectedEvents: () => [OrderPlaced('1', { total: 7 }), missing!] },
      );

      expect(report.missing).toEqual([{ type: 'order.placed', aggregate: 'order/2' }]);
      expect(report).toMatchObject({ mode: 'report', expected: 2, events: 2 });
      expect(counts).toEqual({
        ...{ reconciliation: 'orders', outbox: outboxConfig.tableName },
        ...{ MissingEvents: 1, UnknownDeliveries: 0 },
      });
      expect(log.lines).toContainEqual({
        level: 'error',
        message: 'a business item has no event',
        fields: { type: 'order.placed', aggregate: 'order/2' },
      });
      expect(
        (await reconcile({}, { expectedEvents: () => [missing!] })).report.missing,
      ).toHaveLength(1);
    });

    it('counts: each event stands for one item, one with a sequence for its own place only', async () => {
      await write(
        OrderPlaced('1', { total: 1 }),
        OrderShipped('1', {}, { sequence: 2 }),
        OrderShipped('2', {}, { sequence: 1 }),
      );

      const { report } = await reconcile(
        {},
        {
          expectedEvents: () => [
            OrderPlaced('1', { total: 1 }),
            OrderPlaced('1', { total: 2 }),
            OrderShipped('1', {}, { sequence: 3 }),
            OrderShipped('2', {}, { sequence: 1 }),
          ],
        },
      );

      expect(report.missing).toEqual([
        { type: 'order.placed', aggregate: 'order/1' },
        { type: 'order.shipped', aggregate: 'order/1', sequence: 3 },
      ]);
    });

    it('tells the window, and takes items as they come', async () => {
      const expected = vi.fn(async function* () {
        yield await Promise.resolve(OrderPlaced('1', { total: 1 }));
      });

      const { report } = await reconcile({}, { expectedEvents: expected });

      const now = clock.now();
      expect(expected).toHaveBeenCalledWith({ since: now - windowMs, until: now });
      expect(report).toMatchObject({ since: now - windowMs, until: now, expected: 1 });
    });

    it('finds events that were written with more shards than are in use', async () => {
      const events = Array.from({ length: 20 }, (_, id) => OrderPlaced(String(id), { total: 1 }));
      await createDynamoDBSweepStore({ client, ...outboxConfig }).noteShards(9);
      await openOutbox({ ...outboxConfig, shards: 9 }, { documentClient: documents }).write({
        events,
      });

      const { report } = await reconcile({}, { expectedEvents: () => events });

      expect(report).toMatchObject({ events: 20, missing: [] });
    });

    it('writes what is missing when it is told to, once', async () => {
      const event = OrderPlaced('1', { total: 7 });
      const expected = () => [OrderPlaced('1', { total: 7 })];

      const first = await reconcile({ mode: 'repair' }, { expectedEvents: () => [event] });
      const second = await reconcile({ mode: 'repair' }, { expectedEvents: expected });

      expect(first.report.missing).toEqual([
        { type: 'order.placed', aggregate: 'order/1', writtenAs: event.id },
      ]);
      expect(second.report).toMatchObject({ events: 1, missing: [] });
    });

    it('writes it once where two runs come at once, and the later one says that it only reports', async () => {
      const expected = () => [OrderPlaced('1', { total: 7 })];
      const runs = await Promise.all(
        [1, 2].map(() => reconcile({ mode: 'repair' }, { expectedEvents: expected })),
      );

      const after = await reconcile({ mode: 'repair' }, { expectedEvents: expected });

      expect(runs.map(({ report }) => report.mode).toSorted()).toEqual(['repair', 'report']);
      expect(runs.flatMap(({ log }) => log.lines)).toContainEqual(
        expect.objectContaining({ level: 'warn', fields: { reconciliation: 'orders' } }),
      );
      expect(after.report).toMatchObject({ mode: 'repair', events: 1, missing: [] });
    });

    it('repairs after a run that failed, and after the lease of one that crashed', async () => {
      const failing = () => {
        throw new Error('no orders');
      };
      const begun = Promise.withResolvers<undefined>();
      const dying = async function* (): AsyncGenerator<OutboxEvent> {
        begun.resolve(undefined);
        yield await Promise.withResolvers<never>().promise;
      };
      const modeOfNext = async () => (await reconcile({ mode: 'repair' })).report.mode;

      await expect(reconcile({ mode: 'repair' }, { expectedEvents: failing })).rejects.toThrow(
        'no orders',
      );
      expect(await modeOfNext()).toBe('repair');
      void reconcile({ mode: 'repair' }, { expectedEvents: dying });
      await begun.promise;
      expect(await modeOfNext()).toBe('report');
      clock.advance(minute + 1);
      expect(await modeOfNext()).toBe('repair');
    });

    it('finds what was written late, also where it looks at a time before', async () => {
      const placedAt = clock.now() - 3 * 60 * minute;
      const asked = { since: isoAt(placedAt - minute), until: isoAt(placedAt + minute) };
      const expected = () => [OrderPlaced('1', { total: 7 })];

      const first = await reconcile({ mode: 'repair' }, { expectedEvents: expected }, asked);
      const second = await reconcile({ mode: 'repair' }, { expectedEvents: expected }, asked);

      expect(first.report.missing).toHaveLength(1);
      expect(second.report.missing).toEqual([]);
    });

    it.each([
      ['within the window', { fromHours: 1, toHours: 0 }, 0],
      ['within an hour after the window', { fromHours: 2, toHours: 0.5 }, 0],
      ['later than an hour after the window', { fromHours: 3, toHours: 1.5 }, 1],
    ])('counts an event as there that is %s', async (_, { fromHours, toHours }, missing) => {
      await write(OrderPlaced('1', { total: 7 }));
      const hour = 60 * minute;
      const since = isoAt(clock.now() - fromHours * hour);
      const until = isoAt(clock.now() - toHours * hour);

      const { report } = await reconcile(
        {},
        { expectedEvents: () => [OrderPlaced('1', { total: 7 })] },
        { since, ...(toHours === 0 ? {} : { until }) },
      );

      expect(report.found.missing).toBe(missing);
    });

    it.each([2, 3])('writes each of %i alike that are missing, and none again', async (count) => {
      const expected = () => Array.from({ length: count }, () => OrderPlaced('1', { total: 7 }));

      const first = await reconcile({ mode: 'repair' }, { expectedEvents: expected });
      const second = await reconcile({ mode: 'repair' }, { expectedEvents: expected });
      const one = await reconcile(
        { mode: 'repair' },
        { expectedEvents: () => expected().slice(1) },
      );

      expect(new Set(first.report.missing.map(({ writtenAs }) => writtenAs)).size).toBe(count);
      expect([second, one].map(({ report }) => report.missing)).toEqual([[], []]);
      expect(one.report.events).toBe(count);
    });

    it('writes an event once though a run outlives its lease', async () => {
      const [reached, go] = [
        Promise.withResolvers<undefined>(),
        Promise.withResolvers<undefined>(),
      ];
      const slow = async function* (): AsyncGenerator<OutboxEvent> {
        reached.resolve(undefined);
        await go.promise;
        yield OrderPlaced('1', { total: 7 });
      };
      const expected = () => [OrderPlaced('1', { total: 7 })];

      const first = reconcile({ mode: 'repair' }, { expectedEvents: slow });
      await reached.promise;
      clock.advance(2 * minute);
      const second = await reconcile({ mode: 'repair' }, { expectedEvents: expected });
      go.resolve(undefined);
      await first;

      expect(second.report.missing).toMatchObject([{ writtenAs: expect.any(String) as string }]);
      expect((await reconcile({}, { expectedEvents: expected })).report).toMatchObject({
        events: 1,
        missing: [],
      });
    });

    it.each(['runs out of time', 'fails', 'dies'])(
      'finishes in the next runs what one left that %s',
      async (how) => {
        const bornAt = clock.now() - windowMs + minute;
        const items = Array.from({ length: 25 }, (_, index) => String(index));
        const expected = ({ since, until }: { since: number; until: number }) =>
          since <= bornAt && bornAt < until ? items.map((id) => OrderPlaced(id, { total: 1 })) : [];
        const writes = { left: 10 };
        const allWait = Promise.withResolvers<undefined>();
        const stopping = localClient();
        stopping.middlewareStack.add(
          (next, context) => async (args) => {
            const isWrite = context.commandName === 'TransactWriteItemsCommand';
            if (isWrite && writes.left-- <= 0) {
              if (writes.left === -10) allWait.resolve(undefined);
              if (how === 'dies') await Promise.withResolvers<never>().promise;
              if (how === 'fails') throw new Error('no connection');
            }
            return next(args);
          },
          { step: 'initialize' },
        );
        const settings = {
          ...{ name: 'orders', tableName: outboxConfig.tableName, shards: 1, source: 'orders' },
          ...{ windowMs, mode: 'repair' as const, consumers: [], outbox: outboxConfig },
        };
        const options = {
          clock,
          logger: recordingLog(),
          metrics: metricsInto({}),
          expectedEvents: expected,
        };
        const run = openReconciliation(settings, {
          ...options,
          documentClient: DynamoDBDocumentClient.from(stopping),
        });
        const timeLeft = () => (how === 'runs out of time' && writes.left <= 0 ? 1_000 : 60_000);
        const cut = run({}, { getRemainingTimeInMillis: timeLeft }).catch(() => undefined);
        await (how === 'dies' ? allWait.promise : cut);

        const found: number[] = [];
        for (let runs = 0; runs < 2; runs++) {
          clock.advance(15 * minute);
          const { report } = await reconcile({ mode: 'repair' }, { expectedEvents: expected });
          found.push(report.found.missing);
        }

        expect(found).toEqual([15, 0]);
        const entries = await reconcile({}, {}, { since: isoAt(clock.now() - 90 * minute) });
        expect(entries.report.events).toBe(25);
      },
    );

    it('begins where the last complete run ended, after schedules that never ran', async () => {
      const runAfter = async (ms: number) => {
        clock.advance(ms);
        return (await reconcile({ mode: 'repair' })).report;
      };

      const complete = await runAfter(0);
      const late = await runAfter(120 * minute);
      const next = await runAfter(windowMs);

      expect(late.since).toBe(complete.until - 15 * minute);
      expect(next.since).toBe(next.until - windowMs - 15 * minute);
    });

    it('goes on where one cannot be written, and says which', async () => {
      const unwanted = { ...OrderPlaced('1', { total: 7 }), type: 'invoice.sent' } as OutboxEvent;

      const { report, log } = await reconcile(
        { mode: 'repair' },
        { expectedEvents: () => [unwanted, OrderPlaced('2', { total: 7 })] },
      );

      expect(report.missing.map(({ writtenAs }) => writtenAs !== undefined)).toEqual([false, true]);
      expect(log.lines).toContainEqual(
        expect.objectContaining({
          message: 'missing event could not be written',
          fields: expect.objectContaining({ code: 'EVENT_TYPE_UNWANTED' }) as object,
        }),
      );
    });
  });

  describe('of deliveries and what an inbox knows', () => {
    it('finds the event that was delivered and that the inbox does not know', async () => {
      const [known, lost, undelivered] = ['1', '2', '3'].map((id) => OrderPlaced(id, { total: 1 }));
      const shipped = OrderShipped('4', {});
      await write(known!, lost!, undelivered!, shipped);
      await deliver(known!, lost!, shipped);
      await handle(known!);
      clock.advance(16 * minute);

      const { report, counts, sent } = await reconcile();

      expect(report.unknown).toEqual([
        {
          ...{ inbox: 'billing', eventId: lost!.id, resent: false },
          ...{ type: 'order.placed', aggregate: 'order/2' },
        },
      ]);
      expect(counts).toMatchObject({ UnknownDeliveries: 1 });
      expect(sent).toEqual([]);
    });

    it('leaves alone what may still be on its way', async () => {
      const event = OrderPlaced('1', { total: 1 });
      await write(event);
      await deliver(event);
      clock.advance(14 * minute);

      expect((await reconcile()).report.unknown).toEqual([]);
    });

    it('looks at the window that it is asked for, and no further', async () => {
      const event = OrderPlaced('1', { total: 1 });
      await write(event);
      await deliver(event);
      clock.advance(16 * minute);
      const time = timeOfId(event.id);

      const before = await reconcile({}, {}, { until: isoAt(time) });
      const around = await reconcile({}, {}, { since: isoAt(time), until: isoAt(time + 1) });

      expect(before.report).toMatchObject({ until: time, unknown: [] });
      expect(around.report.unknown).toMatchObject([{ eventId: event.id }]);
    });

    it('asks each inbox for itself', async () => {
      const event = OrderPlaced('1', { total: 1 });
      await write(event);
      await deliver(event);
      await handle(event, 'billing');
      clock.advance(16 * minute);
      const consumers = ['billing', 'mailing'].map((inbox) => ({
        ...{ inbox, tableName: inboxTable, queueUrl: 'https://sqs.invalid/1/queue' },
      }));

      const { report } = await reconcile({ consumers });

      expect(report.unknown.map(({ inbox }) => inbox)).toEqual(['mailing']);
    });

    it.each([
      ['standard', 'https://sqs.invalid/1/billing', {}],
      ['FIFO', 'https://sqs.invalid/1/billing.fifo', { MessageGroupId: 'order/1' }],
    ])(
      'sends it to a %s queue again when it is told to, as the same message',
      async (_, queueUrl, group) => {
        const event = OrderPlaced('1', { total: 7 });
        await write(event);
        await deliver(event);
        clock.advance(16 * minute);
        const consumers = [{ inbox: 'billing', tableName: inboxTable, queueUrl }];

        const { report, sent } = await reconcile({ mode: 'repair', consumers });
        const body = sent[0]?.MessageBody ?? '';

        expect(report.unknown).toMatchObject([{ eventId: event.id, resent: true }]);
        expect(sent).toEqual([expect.objectContaining({ QueueUrl: queueUrl, ...group })]);
        expect(JSON.parse(body)).toMatchObject({
          id: event.id,
          source: 'orders',
          data: { total: 7 },
        });
        expect(JSON.parse(body)).not.toHaveProperty('replayid');
      },
    );

    it('asks again for what the table left unread', async () => {
      const event = OrderPlaced('1', { total: 1 });
      await write(event);
      await deliver(event);
      await handle(event);
      clock.advance(16 * minute);
      const hesitant = localClient();
      let answers = 0;
      hesitant.middlewareStack.add(
        (next) => async (args) => {
          const result = await next(args);
          const input = args.input as BatchGetItemCommand['input'];
          const isFirst = input.RequestItems?.[inboxTable] !== undefined && ++answers === 1;
          if (isFirst) {
            const UnprocessedKeys = input.RequestItems;
            Object.assign(result.output, { Responses: {}, UnprocessedKeys });
          }
          return result;
        },
        { step: 'initialize' },
      );

      const { report } = await reconcile(
        {},
        { documentClient: DynamoDBDocumentClient.from(hesitant) },
      );

      expect(answers).toBeGreaterThan(1);
      expect(report.unknown).toEqual([]);
    });
  });

  it('fails where its time does not suffice: half a comparison finds what is not missing', async () => {
    const { tableName, shards } = outboxConfig;
    const run = openReconciliation(
      {
        ...{ name: 'orders', tableName, shards, source: 'orders', windowMs },
        mode: 'report',
        consumers: [],
      },
      { documentClient: documents, clock, logger: recordingLog(), metrics: metricsInto({}) },
    );

    await expect(run({}, { getRemainingTimeInMillis: () => 4_000 })).rejects.toMatchObject({
      code: 'HANDLER_TIMEOUT',
    });
  });

  it('stops repairing when its time is nearly up, and reports what it found', async () => {
    const events = Array.from({ length: 30 }, (_, id) => OrderPlaced(String(id), { total: 1 }));
    await write(...events);
    await deliver(...events);
    clock.advance(16 * minute);
    let timeLeftMs = 60_000;
    const send = vi.fn(() => {
      timeLeftMs = 4_000;
      return Promise.resolve({} as never);
    });
    const log = recordingLog();
    const { tableName, shards } = outboxConfig;
    const queueUrl = 'https://sqs.invalid/1/billing';
    const run = openReconciliation(
      {
        ...{ name: 'orders', tableName, shards, source: 'orders', windowMs, mode: 'repair' },
        consumers: [{ inbox: 'billing', tableName: inboxTable, queueUrl }],
        outbox: outboxConfig,
      },
      {
        documentClient: documents,
        clock,
        logger: log,
        metrics: metricsInto({}),
        sqsClient: { send },
      },
    );

    const { found, unknown } = await run({}, { getRemainingTimeInMillis: () => timeLeftMs });

    const sent = send.mock.calls.length;
    expect(sent).toBeLessThanOrEqual(10);
    expect(found).toEqual({ missing: 0, unknown: 30 });
    expect(unknown.filter(({ resent }) => resent)).toHaveLength(sent);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(30);
  });

  it('refuses to repair without an outbox to write to', () => {
    const config = { name: 'orders', tableName: 't', shards: 1, source: 'orders', windowMs };

    expect(() => openReconciliation({ ...config, mode: 'repair', consumers: [] })).toThrow(
      expect.objectContaining({ code: 'OUTBOX_MISSING' }),
    );
  });
});
