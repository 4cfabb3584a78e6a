import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { definedOnly } from '../../lib/core/collections.ts';
import { type InboxOptions } from '../../lib/runtime.ts';
import { openInbox } from '../../lib/inbox/inbox.ts';
import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import { localRig, memoryRig, OrderPlaced, placed } from './support.ts';

/** What is written to standard output and error until the test ends, line by line, parsed. */
function captureOutput(): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const write = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      lines.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      return true;
    });
    onTestFinished(() => {
      write.mockRestore();
    });
  }
  return lines;
}

describe('log lines', () => {
  test('of a handler carry the ids of its own message, also among parallel ones', async () => {
    const { inbox, lines } = memoryRig();
    const handler = inbox.on(OrderPlaced, async ({ data }, tx) => {
      await new Promise(setImmediate);
      tx.logger.info('billing', { orderId: data.orderId });
      await new Promise(setImmediate);
      tx.logger.warn('billed');
    });
    const [one, two] = [messageOf(placed('1')), messageOf(placed('2'))];
    const event = sqsEventOf([one, two]);

    await handler(event);

    const keysOf = (message: typeof one, index: number): object => ({
      messageId: event.Records[index]?.messageId,
      eventId: message.id,
      type: 'order.placed',
      aggregate: message.subject,
      correlationId: message.correlationid,
    });
    expect(lines.filter(({ level }) => level !== 'debug')).toEqual([
      { level: 'info', message: 'billing', orderId: '1', ...keysOf(one, 0) },
      { level: 'info', message: 'billing', orderId: '2', ...keysOf(two, 1) },
      { level: 'warn', message: 'billed', ...keysOf(one, 0) },
      { level: 'warn', message: 'billed', ...keysOf(two, 1) },
    ]);
  });

  test('hold the class of a handler’s error and where it was thrown, not what it says', async () => {
    const { inbox, lines } = memoryRig();
    const handler = inbox.on(OrderPlaced, () => {
      throw new RangeError('too much\n    at somewhere', { cause: new Error('said the bank') });
    });

    await handler(sqsEventOf([messageOf(placed('1'))]));

    expect(lines).toEqual([
      expect.objectContaining({
        error: {
          name: 'RangeError',
          stack: expect.stringMatching(/^ {4}at .*observability\.test/) as string,
          cause: 'Error',
        },
      }),
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/too much|somewhere|said the bank/);
  });

  test('hold what a service said, without what it quotes', async () => {
    const { inbox, lines } = memoryRig();
    const handler = inbox.on(OrderPlaced, () => {
      throw Object.assign(new Error("Value 'jane' at 'name' failed"), { $metadata: {} });
    });

    await handler(sqsEventOf([messageOf(placed('1'))]));

    expect(lines).toMatchObject([{ error: { message: "Value at 'name' failed" } }]);
    expect(JSON.stringify(lines)).not.toContain('jane');
  });

  test('hold everything that a handler’s error says where that is asked for', async () => {
    const { inbox, lines } = memoryRig({}, { logErrorMessages: true });
    const handler = inbox.on(OrderPlaced, () => {
      throw new RangeError('too much', { cause: new Error('said the bank') });
    });

    await handler(sqsEventOf([messageOf(placed('1'))]));

    expect(lines).toEqual([
      expect.objectContaining({
        level: 'error',
        message: 'message failed: given back to the queue',
        aggregate: 'order/1',
        error: {
          name: 'RangeError',
          message: 'too much',
          stack: expect.stringContaining('observability.test') as string,
          cause: 'said the bank',
        },
      }),
    ]);
  });

  test.each([
    [undefined, { name: 'string' }],
    [true, { name: 'string', message: 'no' }],
  ])('survive a handler that throws what is no error: %s', async (logErrorMessages, error) => {
    const { inbox, lines } = memoryRig({}, definedOnly({ logErrorMessages }));
    const handler = inbox.on(OrderPlaced, vi.fn().mockRejectedValue('no'));

    await handler(sqsEventOf([messageOf(placed('1'))]));

    expect(lines).toEqual([expect.objectContaining({ error })]);
  });

  test('hold no item of a transaction that failed', async () => {
    const rig = await localRig();
    const key = { pk: 'account', sk: '1' };
    const write = rig.inbox.on(OrderPlaced, (_, tx) => {
      tx.put({ TableName: rig.effects, Item: { ...key, iban: 'the secret' } });
    });
    const fail = rig.inbox.on(OrderPlaced, (_, tx) => {
      tx.delete({
        TableName: rig.effects,
        Key: key,
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
    });
    await write(sqsEventOf([messageOf(placed('1'))]));

    await fail(sqsEventOf([messageOf(placed('2'))]));

    expect(rig.lines).toContainEqual(expect.objectContaining({ code: 'CONDITION_FAILED' }));
    expect(JSON.stringify(rig.lines)).not.toContain('the secret');
  });

  test('are those of Powertools by default', async () => {
    const output = captureOutput();
    const { settings, database, options } = memoryRig();
    const { metrics, sqsClient: sqs } = options as Required<InboxOptions>;
    const inbox = openInbox(settings, { metrics, sqsClient: sqs, transactor: database });

    await inbox(sqsEventOf([messageOf(placed('1'))]));

    expect(output).toMatchObject([
      {
        level: 'ERROR',
        code: 'EVENT_TYPE_UNKNOWN',
        aggregate: 'order/1',
        service: 'service_undefined',
      },
    ]);
  });

  test('may go to a Powertools logger of one’s own, with its keys', async () => {
    const output = captureOutput();
    const logger = new Logger({ serviceName: 'billing', persistentKeys: { stage: 'test' } });
    const { inbox } = memoryRig({}, { logger });

    await inbox(sqsEventOf([messageOf(placed('1'))]));

    expect(output).toMatchObject([{ service: 'billing', stage: 'test', aggregate: 'order/1' }]);
  });
});

describe('metrics', () => {
  test('are published once per invocation, whatever became of its messages', async () => {
    const calls: unknown[][] = [];
    const metrics = {
      addDimension: (...dimension: unknown[]) => calls.push(['dimension', ...dimension]),
      addMetric: (...metric: unknown[]) => calls.push(['metric', ...metric]),
      publishStoredMetrics: () => calls.push(['publish']),
    };
    const { inbox } = memoryRig({}, { metrics });
    const handler = inbox.on(OrderPlaced, ({ data }) => {
      if (data.orderId === 'bad') throw new Error('no');
    });
    const message = messageOf(placed('1'));

    await handler(
      sqsEventOf([
        message,
        message,
        messageOf(placed('2')),
        messageOf(placed('bad')),
        'no message',
      ]),
    );

    expect(calls.slice(0, 2)).toEqual([
      ['dimension', 'inbox', 'billing'],
      ['dimension', 'table', 'inbox'],
    ]);
    expect(calls.slice(2, -1).toSorted()).toEqual([
      ['metric', 'MessagesDeadLettered', 'Count', 1],
      ['metric', 'MessagesDuplicate', 'Count', 1],
      ['metric', 'MessagesFailed', 'Count', 1],
      ['metric', 'MessagesHandled', 'Count', 2],
    ]);
    expect(calls.at(-1)).toEqual(['publish']);
  });

  test('of an invocation that had nothing to count are not published', async () => {
    const publishStoredMetrics = vi.fn();
    const metrics = { addDimension: vi.fn(), addMetric: vi.fn(), publishStoredMetrics };
    const { inbox } = memoryRig({}, { metrics });

    await inbox({ Records: [] });

    expect(publishStoredMetrics).not.toHaveBeenCalled();
  });

  test('have the name and the table of the inbox as their only dimensions by default', async () => {
    const output = captureOutput();
    const { settings, database, options } = memoryRig();
    const { logger, sqsClient: sqs } = options as Required<InboxOptions>;
    const inbox = openInbox(settings, { logger, sqsClient: sqs, transactor: database });
    const handler = inbox.on(OrderPlaced, () => undefined);

    await handler(sqsEventOf([messageOf(placed('1'))]));
    await handler(sqsEventOf([messageOf(placed('2'))]));

    const published = {
      _aws: {
        CloudWatchMetrics: [
          {
            Namespace: 'cdk-outbox',
            Dimensions: [['inbox', 'table']],
            Metrics: [{ Name: 'MessagesHandled', Unit: 'Count' }],
          },
        ],
      },
      inbox: 'billing',
      MessagesHandled: 1,
    };
    expect(output).toMatchObject([published, published]);
    expect(output[0]).not.toHaveProperty('service');
  });

  test('may go to a Powertools metrics of one’s own', async () => {
    const output = captureOutput();
    const metrics = new Metrics({ namespace: 'mine', serviceName: 'billing' });
    const { inbox } = memoryRig({}, { metrics });

    await inbox.on(OrderPlaced, () => undefined)(sqsEventOf([messageOf(placed('1'))]));

    expect(output).toMatchObject([
      {
        _aws: {
          CloudWatchMetrics: [{ Namespace: 'mine', Dimensions: [['service', 'inbox', 'table']] }],
        },
        MessagesHandled: 1,
      },
    ]);
  });
});
