import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect, inject, it } from 'vitest';

import { localClient } from '../support/tables.ts';
import { OrderPlaced } from './handlers/events.ts';
import { openLocalOutbox } from './handlers/local-outbox.ts';

const page = readFileSync(join('docs', 'testing.md'), 'utf8');
const blocks = [...page.matchAll(/```ts file=(\S+)\n([\s\S]*?)```/g)];

it.each(blocks.map(([, name = '', text = '']) => [name, text]))(
  'docs/testing.md shows %s as it is tested',
  (name, text) => {
    expect(text).toBe(readFileSync(join('test', 'docs', 'handlers', name), 'utf8'));
  },
);

it('docs/testing.md has no code that is not tested', () => {
  expect(page.match(/```ts/g)).toHaveLength(blocks.length);
  expect(blocks.length).toBeGreaterThan(6);
});

it('outbox of docs/testing.md writes to DynamoDB Local', async () => {
  const TableName = `test-${randomUUID()}`;
  const outbox = await openLocalOutbox(inject('dynamoDBEndpoint'), TableName);

  await outbox.write({ events: [OrderPlaced('42', { orderId: '42', total: 9 })] });

  const { Count } = await localClient().send(new ScanCommand({ TableName }));
  expect(Count).toBe(1);
});
