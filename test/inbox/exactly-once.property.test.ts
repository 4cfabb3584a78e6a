import { randomUUID } from 'node:crypto';

import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import {
  addOne,
  givenBack,
  localRig,
  OrderPlaced,
  PaymentRequested,
  placed,
  type LocalRig,
} from './support.ts';

let rig: LocalRig;
beforeAll(async () => {
  rig = await localRig();
});

/** Any order and number of deliveries of four messages, in up to three batches. */
const deliveries = fc.array(fc.record({ message: fc.nat(3), batch: fc.nat(2) }), {
  minLength: 1,
  maxLength: 10,
});

const circumstances = fc.record({ deliveries, fifo: fc.boolean(), atOnce: fc.boolean() });

test('whatever the order and number of deliveries, each message has its effects exactly once', async () => {
  const check = async ({ deliveries, fifo, atOnce }: Circumstances): Promise<void> => {
    const messages = [1, 2, 3, 4].map(() => messageOf(placed(randomUUID())));
    const handler = rig.inbox.on(OrderPlaced, ({ id, data }, tx) => {
      tx.update(addOne(rig.effects, id));
      tx.emit(PaymentRequested(id, { orderId: data.orderId }));
    });
    const batches = [...Map.groupBy(deliveries, ({ batch }) => batch).values()];
    const events = batches.map((batch) =>
      sqsEventOf(
        batch.flatMap(({ message }) => messages[message] ?? []),
        { fifo },
      ),
    );

    const answers = atOnce ? await Promise.all(events.map((event) => handler(event))) : [];
    if (!atOnce) for (const event of events) answers.push(await handler(event));

    expect(answers).toEqual(events.map(() => givenBack()));
    const delivered = new Set(deliveries.map(({ message }) => messages[message]));
    const emitted = await rig.rowsOf(rig.settings.outbox?.tableName);
    for (const message of messages) {
      const once = delivered.has(message) ? 1 : 0;
      expect(await rig.effectsOf(message.id)).toBe(once);
      const requests = emitted.filter(({ aggregate }) => aggregate === `payment/${message.id}`);
      expect(requests).toHaveLength(once);
    }
  };

  await fc.assert(fc.asyncProperty(circumstances, check), { numRuns: 25 });
});

type Circumstances = typeof circumstances extends fc.Arbitrary<infer Drawn> ? Drawn : never;
