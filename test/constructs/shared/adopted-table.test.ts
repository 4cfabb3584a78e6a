import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import {
  AttributeType,
  ProjectionType,
  StreamViewType,
  Table,
  TableV2,
  type GlobalSecondaryIndexProps,
  type ITable,
  type TableProps,
} from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { expect, test } from 'vitest';

import { Destination } from '../../../lib/constructs/outbox/destination.ts';
import { Inbox } from '../../../lib/constructs/inbox/inbox.ts';
import { Outbox } from '../../../lib/constructs/outbox/outbox.ts';
import { waitingIndexAttributes } from '../../../lib/table/waiting.ts';
import { permissionsOf, testStack, userFunction } from '../support.ts';

const fit = {
  partitionKey: { name: 'pk', type: AttributeType.STRING },
  sortKey: { name: 'sk', type: AttributeType.STRING },
  timeToLiveAttribute: 'expiresAt',
  stream: StreamViewType.NEW_AND_OLD_IMAGES,
} satisfies TableProps;

const waitingIndex = {
  indexName: 'waiting',
  partitionKey: { name: 'waitingKey', type: AttributeType.STRING },
  sortKey: { name: 'dueAt', type: AttributeType.NUMBER },
} satisfies GlobalSecondaryIndexProps;

function adopt(stack: Stack, table: ITable): Outbox {
  const destination = Destination.eventBus(new EventBus(stack, 'Bus'));
  return new Outbox(stack, 'Outbox', { source: 'orders', destination, table });
}

function adoptedWith(
  changes: Partial<TableProps>,
  index: GlobalSecondaryIndexProps = waitingIndex,
): Stack {
  const stack = testStack();
  const table = new Table(stack, 'Own', { ...fit, ...changes });
  table.addGlobalSecondaryIndex(index);
  adopt(stack, table as ITable);
  return stack;
}

test('a table that has what it takes is adopted, and none is created', () => {
  const stack = adoptedWith({});

  Template.fromStack(stack).resourceCountIs('AWS::DynamoDB::Table', 1);
  expect(permissionsOf(stack, 'OutboxRelay')).toContain('dynamodb:PutItem on Own.Arn');
});

test('an index may be added after the table was adopted', () => {
  const stack = testStack();
  const table = new Table(stack, 'Own', fit);
  adopt(stack, table as ITable);

  table.addGlobalSecondaryIndex(waitingIndex);

  expect(() => Template.fromStack(stack)).not.toThrow();
});

test('a table of the second kind is adopted', () => {
  const stack = testStack();
  const table = new TableV2(stack, 'Own', {
    partitionKey: fit.partitionKey,
    sortKey: fit.sortKey,
    timeToLiveAttribute: 'expiresAt',
    dynamoStream: StreamViewType.NEW_IMAGE,
    globalSecondaryIndexes: [waitingIndex],
  });

  adopt(stack, table as ITable);

  expect(() => Template.fromStack(stack)).not.toThrow();
});

test('an imported table is taken on trust', () => {
  const stack = testStack();
  const table = Table.fromTableAttributes(stack, 'Own', {
    tableName: 'orders-outbox',
    tableStreamArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders-outbox/stream/1',
  });

  adopt(stack, table);

  expect(() => Template.fromStack(stack)).not.toThrow();
});

test.each<[what: string, changes: Partial<TableProps>, message: string]>([
  [
    'has another partition key',
    { partitionKey: { name: 'id', type: AttributeType.STRING } },
    '[Orders/Outbox] table Orders/Own must have the string keys pk and sk, has id:S sk:S',
  ],
  [
    'has a number as sort key',
    { sortKey: { name: 'sk', type: AttributeType.NUMBER } },
    'must have the string keys pk and sk, has pk:S sk:N',
  ],
  [
    'expires by another attribute',
    { timeToLiveAttribute: 'ttl' },
    'must expire items by timeToLiveAttribute expiresAt, has ttl',
  ],
  [
    'streams keys only',
    { stream: StreamViewType.KEYS_ONLY },
    'must have a stream of NEW_IMAGE or NEW_AND_OLD_IMAGES, has KEYS_ONLY',
  ],
])('fails when an adopted table %s', (_, changes, message) => {
  const stack = adoptedWith(changes);

  expect(() => Template.fromStack(stack)).toThrow(message);
});

test('fails when an adopted table does not expire items', () => {
  const stack = testStack();
  const { partitionKey, sortKey, stream } = fit;
  const table = new Table(stack, 'Own', { partitionKey, sortKey, stream });
  table.addGlobalSecondaryIndex(waitingIndex);
  adopt(stack, table as ITable);

  expect(() => Template.fromStack(stack)).toThrow(
    'must expire items by timeToLiveAttribute expiresAt, has none',
  );
});

test('fails when an adopted table has no stream', () => {
  const stack = testStack();
  const { partitionKey, sortKey, timeToLiveAttribute } = fit;
  const table = new Table(stack, 'Own', { partitionKey, sortKey, timeToLiveAttribute });

  expect(() => adopt(stack, table as ITable)).toThrow(
    'table Orders/Own must have a stream of NEW_IMAGE or NEW_AND_OLD_IMAGES, has none (Orders/Outbox/Relay)',
  );
});

test('fails when an adopted table has no waiting index', () => {
  const stack = testStack();
  adopt(stack, new Table(stack, 'Own', fit) as ITable);

  expect(() => Template.fromStack(stack)).toThrow(
    'table Orders/Own must have the index waiting: partition key waitingKey (string), sort key dueAt (number), including id, type',
  );
});

test('fails when the waiting index has other keys', () => {
  const stack = adoptedWith(
    {},
    { ...waitingIndex, sortKey: { name: 'dueAt', type: AttributeType.STRING } },
  );

  expect(() => Template.fromStack(stack)).toThrow(
    'must have in the index waiting the keys waitingKey (string) and dueAt (number), has waitingKey:S dueAt:S',
  );
});

test('fails when the waiting index lacks attributes', () => {
  const nonKeyAttributes = waitingIndexAttributes.filter((name) => name !== 'errorCode');
  const stack = adoptedWith(
    {},
    { ...waitingIndex, projectionType: ProjectionType.INCLUDE, nonKeyAttributes },
  );

  expect(() => Template.fromStack(stack)).toThrow(
    'must include in the index waiting the attributes errorCode',
  );
});

test('fails when two outboxes adopt one table', () => {
  const stack = testStack();
  const { table } = adopt(stack, new Table(stack, 'Own', fit) as ITable);
  const destination = Destination.eventBus(new EventBus(stack, 'OtherBus'));

  expect(() => new Outbox(stack, 'Other', { source: 'orders', destination, table })).toThrow(
    'Orders/Own belongs to Orders/Outbox already: two outboxes would deliver its entries twice (Orders/Other)',
  );
});

test('an inbox adopts a table without stream and index', () => {
  const stack = testStack();
  const { partitionKey, sortKey, timeToLiveAttribute } = fit;
  const table = new Table(stack, 'Own', { partitionKey, sortKey, timeToLiveAttribute });

  new Inbox(stack, 'Billing', { handler: userFunction(stack, 'Handler'), table: table as ITable });

  Template.fromStack(stack).resourceCountIs('AWS::DynamoDB::Table', 1);
});

test('fails when the table of an inbox does not expire items', () => {
  const stack = testStack();
  const { partitionKey, sortKey } = fit;
  const table = new Table(stack, 'Own', { partitionKey, sortKey });
  new Inbox(stack, 'Billing', { handler: userFunction(stack, 'Handler'), table: table as ITable });

  expect(() => Template.fromStack(stack)).toThrow(
    '[Orders/Billing] table Orders/Own must expire items by timeToLiveAttribute expiresAt, has none',
  );
});
