import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';

import {
  defineEvent,
  defineSaga,
  type EventDefinition,
  type SagaFunction,
} from '../lib/runtime.ts';
import { openSaga } from '../lib/saga/create-saga.ts';
import { messageOf, sqsEventOf, type Message } from '../lib/testing.ts';
import { createOutboxTable, createSagaTable } from '../test/support/create-tables.ts';
import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts';
import { counting, type Consumption } from './counting.ts';
import type { Figure } from './figure.ts';

const ofOrder = { aggregateType: 'order', schema: z.object({ orderId: z.string() }) };
const Placed = defineEvent('order.placed', ofOrder);
const Amended = defineEvent('order.amended', ofOrder);
const Hurried = defineEvent('order.hurried', ofOrder);
const Commanded = defineEvent('payment.requested', ofOrder);

/** A saga whose state is about 70 bytes, as those of processes are that keep ids and flags. */
const process = defineSaga('fulfilment', {
  state: z.object({ orderId: z.string(), steps: z.number() }),
  key: 'orderId',
})
  .onDeadline('payment', (saga) => {
    saga.complete();
  })
  .startedBy(Placed, (saga) => {
    saga.setState({ orderId: saga.key, steps: 1 });
  })
  .on(Amended, (saga) => {
    saga.setState({ ...saga.state, steps: saga.state.steps + 1 });
  })
  .on(Hurried, (saga, { data }) => {
    saga.emit(Commanded(saga.key, data));
    saga.setDeadline('payment', { minutes: 15 });
  });

const perMeasurement = 10;
/** After so many steps a saga's row holds as many notes of what happened as it keeps. */
const grown = 20;

/** What a step of a saga costs, as DynamoDB Local counts it: its row grows with what it notes of its steps. */
export async function measureSaga(): Promise<Figure[]> {
  const local = await startDynamoDBLocal();
  try {
    const { client, during } = counting(local.client());
    const [tableName, outbox] = await Promise.all([
      createSagaTable(client),
      createOutboxTable(client),
    ]);
    const handler = sagaOver(DynamoDBDocumentClient.from(client), { tableName, outbox });
    const keys = Array.from(
      { length: perMeasurement },
      (_, index) => `0190163d-8694-739b-aea5-${String(index).padStart(12, '0')}`,
    );
    const step = (
      definition: EventDefinition<string, typeof ofOrder.schema>,
    ): Promise<Consumption> =>
      during(() =>
        handleEach(
          handler,
          keys.map((orderId) => messageOf(definition(orderId, { orderId }))),
        ),
      );
    const figures = [...costOf('first step of a saga', await step(Placed))];
    figures.push(...costOf('second step of a saga', await step(Amended)));
    for (let done = 3; done < grown; done++) await step(Amended);
    figures.push(...costOf(`step ${grown} of a saga`, await step(Amended)));
    figures.push(...costOf('step of that saga with a command and a deadline', await step(Hurried)));
    return figures;
  } finally {
    await local.stop();
  }
}

function costOf(what: string, used: Consumption): Figure[] {
  const each = (total: number): number => total / perMeasurement;
  return [
    { what: `write units of the ${what}`, measured: each(used.writeUnits), unit: '' },
    { what: `read units of the ${what}`, measured: each(used.readUnits), unit: '' },
    { what: `API calls of the ${what}`, measured: each(used.requests), unit: '' },
  ];
}

function sagaOver(
  client: DynamoDBDocumentClient,
  { tableName, outbox }: { tableName: string; outbox: string },
): SagaFunction {
  const silent = () => undefined;
  const dayMs = 24 * 3_600_000;
  const settings = {
    ...{ name: 'fulfilment', sagaName: 'fulfilment', tableName, sagaTableName: tableName },
    dedupeWindowMs: dayMs,
    deadLetterQueueUrl: 'https://sqs.invalid/111122223333/dead',
    outbox: {
      ...{ tableName: outbox, shards: 1, retentionMs: dayMs },
      accepts: [{ maxMessageBytes: 1024 * 1024 }],
    },
  };
  return openSaga(process, settings, {
    documentClient: client,
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: { addDimension: silent, addMetric: silent, publishStoredMetrics: silent },
  });
}

/** Each in an invocation of its own. */
async function handleEach(handler: SagaFunction, messages: readonly Message[]): Promise<void> {
  for (const message of messages) {
    const { batchItemFailures } = await handler(sqsEventOf([message]));
    if (batchItemFailures.length > 0) throw new Error(`message ${message.id} was given back`);
  }
}
