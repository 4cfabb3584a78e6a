import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';

import { refuses } from '../support/world.ts';
import { minute, now, openDeferring, reminderIn } from './support.ts';

const hour = 60 * minute;

/** A service with a reminder that is due in an hour. */
async function withReminder() {
  const service = await openDeferring();
  const event = reminderIn(hour);
  await service.outbox.write({ events: [event] });
  return { ...service, eventId: event.id };
}

/** The same, its delivery having begun. */
async function withReminderUnderWay() {
  const service = await withReminder();
  service.script.decide = refuses('InternalFailure');
  service.clock.advance(hour);
  await service.sweep();
  return service;
}

describe('cancelling a deferred event', () => {
  it('takes it away together with what is written, and nobody ever gets it', async () => {
    const { outbox, putOrder, orderRows, rows, eventId, clock, sweep, arrived } =
      await withReminder();

    await outbox.write({ items: [putOrder('42')], events: [], cancel: [eventId] });

    expect(await orderRows()).toHaveLength(1);
    expect(await rows()).toEqual([]);
    clock.advance(2 * hour);
    await sweep();
    expect(arrived).toEqual([]);
  });

  it('may be all that is to be done', async () => {
    const { outbox, rows, eventId } = await withReminder();

    expect(await outbox.write({ events: [], cancel: [eventId] })).toEqual({
      events: [],
      notCancelled: [],
    });
    expect(await rows()).toEqual([]);
  });

  it('fails with all the rest where its delivery has begun, and says so', async () => {
    const { outbox, putOrder, orderRows, eventId } = await withReminderUnderWay();

    const write = outbox.write({ items: [putOrder('42')], events: [], cancel: [eventId] });

    await expect(write).rejects.toMatchObject({
      code: 'EVENT_NOT_DEFERRED',
      message: expect.stringContaining(`${eventId} is retrying: its delivery has begun`) as string,
      details: { events: [{ eventId, state: 'retrying' }] },
    });
    expect(await orderRows()).toEqual([]);
  });

  it('fails where nobody knows it, and says so without what others hold', async () => {
    const { outbox } = await openDeferring();
    const { id } = reminderIn(hour);

    await expect(outbox.write({ events: [], cancel: [id] })).rejects.toMatchObject({
      code: 'EVENT_NOT_DEFERRED',
      message: expect.stringContaining(`${id} does not wait`) as string,
      details: { events: [{ eventId: id }] },
    });
  });

  it('is left out where it need not be, and the rest is written', async () => {
    const { outbox, putOrder, orderRows, eventId } = await withReminderUnderWay();
    const unknown = reminderIn(hour).id;
    const other = reminderIn(3 * hour);
    await outbox.write({ events: [other] });
    const cancel = [eventId, unknown, other.id].map((id) => ({ eventId: id, required: false }));

    const result = await outbox.write({ items: [putOrder('42')], events: [], cancel });

    expect(result.notCancelled).toEqual([eventId, unknown]);
    expect(await orderRows()).toHaveLength(1);
    await expect(outbox.write({ events: [], cancel: [other.id] })).rejects.toMatchObject({
      code: 'EVENT_NOT_DEFERRED',
    });
  });

  it('is no failure where it is all that was asked for and need not be', async () => {
    const { outbox } = await openDeferring();
    const eventId = reminderIn(hour).id;

    const result = await outbox.write({ events: [], cancel: [{ eventId, required: false }] });

    expect(result).toEqual({ events: [], notCancelled: [eventId] });
  });

  it('counts for less than a failed condition of the caller', async () => {
    const { outbox, putOrder } = await withReminderUnderWay();
    await outbox.write({ items: [putOrder('42')], events: [] });

    const write = outbox.write({
      items: [putOrder('42')],
      events: [],
      cancel: [reminderIn(hour).id],
    });

    await expect(write).rejects.toMatchObject({ code: 'CONDITION_FAILED', details: { index: 0 } });
  });

  it('joins a transaction of the caller’s own, last', async () => {
    const { outbox, documents, eventId, rows } = await withReminder();
    const next = reminderIn(2 * hour);

    const TransactItems = await outbox.prepare([next], { cancel: [eventId] });
    await documents.send(new TransactWriteCommand({ TransactItems }));

    expect(TransactItems.map((action) => Object.keys(action)[0])).toEqual(['Put', 'Delete']);
    expect((await rows()).map(({ id }) => id)).toEqual([next.id]);
  });

  it('meets the sweeper: one of the two gets the event', async () => {
    const { outbox, store, clock, rows } = await withReminder();
    clock.advance(hour);
    for (let round = 0; round < 10; round++) {
      const event = reminderIn(2 * hour + round);
      await outbox.write({ events: [event] });
      const key = { pk: `w#${event.id}`, sk: event.id };
      const seen = { key, state: 'deferred', attempts: 0, dueAt: now + 2 * hour + round } as const;

      const [claimed, cancelled] = await Promise.all([
        store.claimWaiting(seen, now + 9 * hour),
        outbox
          .write({ events: [], cancel: [{ eventId: event.id, required: false }] })
          .then(({ notCancelled }) => notCancelled.length === 0),
      ]);

      expect(claimed === undefined).toBe(cancelled);
      expect((await rows()).some((row) => row['id'] === event.id)).toBe(!cancelled);
    }
  });

  it.each(['', 'reminder', 'order/42', '0199A1B2-C3D4-7000-8000-000000000001'])(
    'is refused before anything is sent where %o is no event id',
    async (eventId) => {
      const { outbox } = await openDeferring();

      await expect(outbox.write({ events: [], cancel: [eventId] })).rejects.toMatchObject({
        code: 'EVENT_INVALID',
        details: { eventId },
      });
    },
  );

  it('does not go with a token where it need not be', async () => {
    const { outbox, eventId } = await withReminder();

    await expect(
      outbox.write({
        events: [],
        cancel: [{ eventId, required: false }],
        clientRequestToken: 'mine',
      }),
    ).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      details: { option: 'clientRequestToken', eventId },
    });
    await outbox.write({ events: [], cancel: [eventId], clientRequestToken: 'mine' });
  });

  it('does not go with writing the same event, nor twice', async () => {
    const { outbox, eventId } = await withReminder();
    const event = reminderIn(hour);

    for (const request of [
      { events: [event], cancel: [event.id] },
      { events: [], cancel: [eventId, eventId] },
    ]) {
      await expect(outbox.write(request)).rejects.toMatchObject({ code: 'DUPLICATE_ITEM' });
    }
  });
});
