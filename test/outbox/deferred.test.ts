import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { entryKey, pageOf } from '../../lib/table/keys.ts';
import { limits, ownLimits } from '../../lib/core/limits.ts';
import { newId } from '../../lib/core/system.ts';
import { openOutbox } from '../../lib/outbox/outbox.ts';
import { createMemorySweepStore } from '../support/memory/sweep-store.ts';
import { createMemoryTransactor } from '../../lib/testing/memory-transactor.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { writerConfig } from '../support/orders.ts';
import { refuses } from '../support/world.ts';
import { minute, now, openDeferring, OrderReminded, reminderIn } from './support.ts';

const hour = 60 * minute;
const month = 30 * 24 * hour;

describe('an event that is due later', () => {
  it('waits, and is written to no page', async () => {
    const { outbox, putOrder, orderRows, rows } = await openDeferring();
    const event = reminderIn(hour);

    await outbox.write({ items: [putOrder('42')], events: [event] });

    expect(await orderRows()).toHaveLength(1);
    const entry = { id: event.id, type: 'order.reminded', version: 1, aggregate: 'order/42' };
    const waiting = { state: 'deferred', dueAt: now + hour, attempts: 0, blocksLane: false };
    expect(await rows()).toEqual([
      {
        ...{ pk: `w#${event.id}`, sk: event.id, data: '{}', ...entry, ...waiting },
        waitingKey: expect.stringMatching(/^deferred#\d$/) as string,
      },
    ]);
  });

  it('is delivered once it is due, and then lies in the page of that minute', async () => {
    const { outbox, clock, sweep, arrived, store, rows } = await openDeferring();
    const event = reminderIn(hour);
    await outbox.write({ events: [event] });

    clock.advance(hour - 1);
    await sweep();
    expect(arrived).toEqual([]);
    clock.advance(1);
    await sweep();

    expect(arrived).toEqual([event.id]);
    const { entries, receipts } = await store.readPage(pageOf(now + hour));
    expect(entries.map(({ id }) => id)).toEqual([event.id]);
    expect(receipts).toMatchObject([{ outcome: 'published', eventIds: [event.id] }]);
    const { pk } = entryKey({ id: event.id, aggregate: 'order/42' }, 4);
    expect((await rows()).map((row) => row['pk'])).toContain(pk);
  });

  it('is kept from when it is delivered, however long it waited for that', async () => {
    const { outbox, clock, sweep, script, rows } = await openDeferring();
    const event = reminderIn(hour);
    await outbox.write({ events: [event] });
    script.decide = refuses('InternalFailure');
    clock.advance(hour);
    await sweep();
    script.decide = () => ({ status: 'accepted' });
    clock.advance(month);

    await sweep();

    const keptUntil = Math.ceil(clock.now() / 1000) + 14 * 24 * 60 * 60;
    expect((await rows()).map(({ expiresAt }) => expiresAt)).toEqual([keptUntil, keptUntil]);
  });

  it('is an ordinary one where it is due when it is written', async () => {
    const { outbox, clock, rows } = await openDeferring();
    const event = reminderIn(minute);
    clock.advance(minute);

    await outbox.write({ events: [event] });

    expect((await rows()).map(({ sk }) => sk)).toEqual([`e#${event.id}`]);
  });

  it.each<[string, number]>([
    ['while it waits, though it is due by now', 2 * minute],
    ['and delivered since', 3 * minute],
  ])('is known to be written before, %s', async (_, passed) => {
    const { outbox, clock, sweep, putOrder, orderRows } = await openDeferring();
    const event = reminderIn(2 * minute);
    await outbox.write({ events: [event] });
    clock.advance(passed);
    if (passed > 2 * minute) await sweep();

    const again = outbox.write({ items: [putOrder('42')], events: [event] });

    await expect(again).rejects.toMatchObject({
      code: 'EVENT_ALREADY_WRITTEN',
      details: { eventIds: [event.id] },
    });
    await expect(outbox.prepare([event])).rejects.toMatchObject({ code: 'EVENT_ALREADY_WRITTEN' });
    expect(await orderRows()).toEqual([]);
  });

  it('is known to be written before while it is not due', async () => {
    const { outbox } = await openDeferring();
    const event = reminderIn(hour);
    await outbox.write({ events: [event] });

    await expect(outbox.write({ events: [event] })).rejects.toMatchObject({
      code: 'EVENT_ALREADY_WRITTEN',
    });
  });

  it('may have an id of up to an hour from when it is due', async () => {
    const { outbox, rows } = await openDeferring();
    const due = now + 10 * hour;
    const write = (idTime: number): Promise<unknown> => {
      const options = { id: newId(idTime), deliverAt: new Date(due) };
      return outbox.write({ events: [OrderReminded('42', {}, options)] });
    };

    await write(due - hour);
    await write(due + hour);
    await expect(write(due - hour - 1)).rejects.toMatchObject({ code: 'EVENT_STALE' });
    await expect(write(due + hour + 1)).rejects.toMatchObject({ code: 'EVENT_STALE' });
    await expect(write(now)).rejects.toMatchObject({ code: 'EVENT_STALE' });

    expect(await rows()).toHaveLength(2);
  });

  it('is refused where no destination takes it, or where no room is left for its way', async () => {
    const { outbox, tableName } = await openDeferring();
    const accepts = [{ types: ['order.placed'], maxMessageBytes: 1024 * 1024 }];
    const picky = openOutbox(writerConfig(tableName, { accepts }));
    const wide = openOutbox(writerConfig(tableName, { accepts: [{ maxMessageBytes: 1e6 }] }));
    const tooLarge = 'x'.repeat(limits.table.maxItemBytes - ownLimits.waitingOverheadBytes);
    const due = new Date(Date.now() + hour);

    await expect(
      picky.write({ events: [OrderReminded('42', {}, { deliverAt: due })] }),
    ).rejects.toMatchObject({ code: 'EVENT_TYPE_UNWANTED' });
    await expect(
      outbox.write({ events: [reminderIn(hour, { note: tooLarge })] }),
    ).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    await expect(
      wide.write({ events: [OrderReminded('42', { note: tooLarge }, { deliverAt: due })] }),
    ).rejects.toMatchObject({ code: 'ENTRY_TOO_LARGE' });
  });
});

it('whenever it is written and due, the sweeper finds it from then on, and not before', async () => {
  const moment = fc.integer({ min: -90 * minute, max: 20 * 365 * 24 * hour });
  const check = async (delay: number, writtenLater: number, look: number): Promise<void> => {
    const clock = createVirtualClock(now);
    const store = createMemorySweepStore({ shards: 4, clock, chunkSize: 10 });
    const transactor = createMemoryTransactor({ outbox: store.table });
    const outbox = openOutbox(writerConfig('outbox'), { transactor, clock });
    const due = now + Math.min(delay, 10 * 365 * 24 * hour);
    const id = newId(Math.max(due, now + writtenLater));
    const event = OrderReminded('42', {}, { id, deliverAt: new Date(due) });
    clock.advance(writtenLater);

    await outbox.write({ events: [event] });

    const isDeferred = due > now + writtenLater;
    const found: unknown[] = [];
    const at = isDeferred ? due + look : clock.now() + look;
    for await (const rows of store.listWaiting('deferred', at)) found.push(...rows);
    expect(found).toHaveLength(isDeferred && look >= 0 ? 1 : 0);
    const { entries } = await store.readPage(pageOf(Math.max(due, now + writtenLater)));
    expect(entries).toHaveLength(isDeferred ? 0 : 1);
  };

  await fc.assert(
    fc.asyncProperty(
      moment,
      fc.integer({ min: 0, max: hour }),
      fc.oneof(fc.constantFrom(-1, 0, 1), moment),
      check,
    ),
  );
});
