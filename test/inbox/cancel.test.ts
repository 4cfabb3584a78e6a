import { randomUUID } from 'node:crypto';

import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { defineEvent, type OutboxEvent } from '../../lib/runtime.ts';
import { openOutbox } from '../../lib/outbox/outbox.ts';
import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import {
  addOne,
  givenBack,
  localRig,
  memoryRig,
  OrderPlaced,
  placed,
  type LocalRig,
} from './support.ts';

const Reminded = defineEvent('order.reminded', { aggregateType: 'order', schema: z.object({}) });

let rig: LocalRig;
beforeAll(async () => {
  rig = await localRig();
});

async function reminded(): Promise<OutboxEvent> {
  const deliverAt = new Date(Date.now() + 3_600_000);
  const event = Reminded(randomUUID(), {}, { deliverAt });
  const outbox = openOutbox(rig.settings.outbox!, { documentClient: rig.documents });
  await outbox.write({ events: [event] });
  return event;
}

async function waits(eventId: string): Promise<boolean> {
  const rows = await rig.rowsOf(rig.settings.outbox?.tableName);
  return rows.some(({ id }) => id === eventId);
}

describe('what a handler cancels', () => {
  test('is gone together with its effects, once', async () => {
    const { id: eventId } = await reminded();
    const message = messageOf(placed(randomUUID()));
    const handler = rig.inbox.on(OrderPlaced, ({ id }, tx) => {
      tx.update(addOne(rig.effects, id));
      tx.cancel(eventId);
    });

    const event = sqsEventOf([message]);
    expect(await handler(event)).toEqual(givenBack());
    expect(await handler(event)).toEqual(givenBack());

    expect(await waits(eventId)).toBe(false);
    expect(await rig.effectsOf(message.id)).toBe(1);
  });

  test.each<[string, boolean]>([
    ['gives the message back where it is not deferred', true],
    ['may be missed, and the rest is done', false],
  ])('%s', async (_, required) => {
    const message = messageOf(placed(randomUUID()));
    const handler = rig.inbox.on(OrderPlaced, ({ id }, tx) => {
      tx.update(addOne(rig.effects, id));
      tx.cancel(Reminded('42', {}).id, { required });
    });
    const event = sqsEventOf([message]);

    const answer = await handler(event);

    expect(answer).toEqual(required ? givenBack(...event.Records) : givenBack());
    expect(await rig.effectsOf(message.id)).toBe(required ? 0 : 1);
    const told = rig.lines.some(
      ({ code, eventId }) => code === 'EVENT_NOT_DEFERRED' && eventId === message.id,
    );
    expect(told).toBe(required);
  });

  test('needs an outbox', async () => {
    const alone = memoryRig();
    const handler = alone.inbox.on(OrderPlaced, (_message, tx) => {
      tx.cancel(Reminded('42', {}).id);
    });

    await handler(sqsEventOf([messageOf(placed('42'))]));

    expect(alone.lines.map(({ code }) => code)).toContain('OUTBOX_MISSING');
  });
});
