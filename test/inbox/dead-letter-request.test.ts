import fc from 'fast-check';
import { expect, test } from 'vitest';

import { toDeadLetter } from '../../lib/inbox/dead-letter.ts';
import type { Rejection } from '../../lib/inbox/delivery.ts';
import type { SqsMessageAttribute, SqsRecord } from '../../lib/inbox/sqs-event.ts';

const rejection: Rejection = { code: 'MESSAGE_INVALID', detail: 'not JSON' };
const standard = { queueUrl: 'https://sqs.local/1/dead', inbox: 'billing' };
const fifo = { queueUrl: 'https://sqs.local/1/dead.fifo', inbox: 'billing' };

function record(overrides: Partial<SqsRecord> = {}): SqsRecord {
  return {
    messageId: 'm-1',
    body: 'a body',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:1:orders',
    attributes: { ApproximateReceiveCount: '1' },
    messageAttributes: {},
    ...overrides,
  };
}

function attributesNamed(names: readonly string[]): Record<string, SqsMessageAttribute> {
  return Object.fromEntries(
    names.map((name) => [name, { dataType: 'String', stringValue: `value of ${name}` }]),
  );
}

test('the body travels as it came, with the reason as attributes', () => {
  const request = toDeadLetter(record(), rejection, standard);

  expect(request).toEqual({
    QueueUrl: standard.queueUrl,
    MessageBody: 'a body',
    MessageAttributes: {
      outboxErrorCode: { DataType: 'String', StringValue: 'MESSAGE_INVALID' },
      outboxErrorMessage: { DataType: 'String', StringValue: 'not JSON' },
      outboxInboxName: { DataType: 'String', StringValue: 'billing' },
      outboxMessageId: { DataType: 'String', StringValue: 'm-1' },
    },
  });
});

test("the message's own attributes go along, text and binary", () => {
  const messageAttributes = {
    trace: { dataType: 'String.custom', stringValue: 'abc' },
    raw: { dataType: 'Binary', binaryValue: Buffer.from([1, 2, 3]).toString('base64') },
  };

  const request = toDeadLetter(record({ messageAttributes }), rejection, standard);

  expect(request.MessageAttributes).toMatchObject({
    trace: { DataType: 'String.custom', StringValue: 'abc' },
    raw: { DataType: 'Binary', BinaryValue: Buffer.from([1, 2, 3]) },
  });
});

test('of more than ten attributes the reasons stay, and the first of its own that fit', () => {
  const own = attributesNamed(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']);

  const request = toDeadLetter(record({ messageAttributes: own }), rejection, standard);

  const names = Object.keys(request.MessageAttributes ?? {});
  expect(names.toSorted()).toEqual(
    ['a', 'b', 'c', 'd', 'e', 'f'].concat([
      'outboxErrorCode',
      'outboxErrorMessage',
      'outboxInboxName',
      'outboxMessageId',
    ]),
  );
});

test('an attribute that would make the message too large is left out, a smaller one after it is not', () => {
  const body = 'x'.repeat(1024 * 1024 - 500);
  const messageAttributes = {
    large: { dataType: 'String', stringValue: 'y'.repeat(400) },
    small: { dataType: 'String', stringValue: 'z' },
  };

  const request = toDeadLetter(record({ body, messageAttributes }), rejection, standard);

  expect(request.MessageAttributes).toHaveProperty('small');
  expect(request.MessageAttributes).not.toHaveProperty('large');
});

test.each([
  [0, []],
  [36, ['outboxErrorCode']],
  [64, ['outboxErrorCode', 'outboxInboxName']],
  [88, ['outboxErrorCode', 'outboxInboxName', 'outboxMessageId']],
  [107, ['outboxErrorCode', 'outboxInboxName', 'outboxMessageId']],
  [114, ['outboxErrorCode', 'outboxInboxName', 'outboxMessageId', 'outboxErrorMessage']],
])('beside a body that leaves %i bytes of 1 MiB go the reasons that fit', (room, names) => {
  const body = 'x'.repeat(1024 * 1024 - room);
  const detail = 'ä'.repeat(1000);
  const messageAttributes = attributesNamed(['own']);

  const request = toDeadLetter(
    record({ body, messageAttributes }),
    { ...rejection, detail },
    standard,
  );

  expect(request.MessageBody).toBe(body);
  expect(Object.keys(request.MessageAttributes ?? {})).toEqual(names);
});

test('whatever room the body leaves, the message is no larger than SQS takes', () => {
  const someText = fc.string({ unit: 'binary', maxLength: 1500 });
  fc.assert(
    fc.property(fc.nat(2000), someText, someText, (room, detail, stringValue) => {
      const body = 'x'.repeat(1024 * 1024 - room);
      const messageAttributes = { own: { dataType: 'String', stringValue } };

      const { MessageAttributes = {} } = toDeadLetter(
        record({ body, messageAttributes }),
        { ...rejection, detail },
        standard,
      );

      const sizes = Object.entries(MessageAttributes).map(
        ([name, { DataType = '', StringValue = '' }]) =>
          Buffer.byteLength(name + DataType + StringValue),
      );
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(room);
    }),
  );
});

test('a message that comes from a dead-letter queue again gets new reasons, not two sets', () => {
  const old = attributesNamed([
    'outboxErrorCode',
    'outboxErrorMessage',
    'outboxInboxName',
    'outboxMessageId',
  ]);
  const six = attributesNamed(['a', 'b', 'c', 'd', 'e', 'f']);

  const request = toDeadLetter(
    record({ messageAttributes: { ...old, ...six } }),
    rejection,
    standard,
  );

  expect(request.MessageAttributes?.['outboxErrorCode']?.StringValue).toBe('MESSAGE_INVALID');
  expect(request.MessageAttributes).toMatchObject(
    Object.fromEntries(Object.keys(six).map((name) => [name, { DataType: 'String' }])),
  );
});

test('a detail is cut to a length, and cleared of what SQS refuses', () => {
  const long = toDeadLetter(record(), { ...rejection, detail: 'd'.repeat(5000) }, standard);
  const odd = toDeadLetter(record(), { ...rejection, detail: 'a\u0000b\nc' }, standard);
  const empty = toDeadLetter(record(), { ...rejection, detail: '' }, standard);

  expect(long.MessageAttributes?.['outboxErrorMessage']?.StringValue).toHaveLength(1024);
  expect(odd.MessageAttributes?.['outboxErrorMessage']?.StringValue).toBe('a?b\nc');
  expect(empty.MessageAttributes?.['outboxErrorMessage']?.StringValue).toBe('-');
});

test('on a FIFO queue the message stays in its group, and its own id keeps a second copy out', () => {
  const attributes = { ApproximateReceiveCount: '1', MessageGroupId: 'order/42' };

  const request = toDeadLetter(record({ attributes }), rejection, fifo);

  expect(request).toMatchObject({ MessageGroupId: 'order/42', MessageDeduplicationId: 'm-1' });
});
