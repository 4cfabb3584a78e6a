import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { backdatedPrefix, rowToBackdated } from '../../lib/table/sweep-notes.ts';
import { pageOf } from '../../lib/table/keys.ts';
import { defineEvent } from '../../lib/events/define-event.ts';
import type { OutboxEvent } from '../../lib/events/event.ts';
import { newId } from '../../lib/core/system.ts';
import { openOutbox } from '../../lib/outbox/outbox.ts';
import { createMemoryTable } from '../../lib/testing/memory-table.ts';
import { createMemoryTransactor } from '../../lib/testing/memory-transactor.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';

const now = Date.UTC(2026, 10, 21, 4, 37);
const second = 1_000;
const minute = 60 * second;
const Placed = defineEvent('order.placed', {
  version: 1,
  aggregateType: 'order',
  schema: z.object({}),
});

let count = 0;
/** An event whose id was made so long ago. */
function eventOf(ageMs: number, parts: { deliverAt?: Date } = {}): OutboxEvent {
  return Placed(String(++count), {}, { id: newId(now - ageMs), ...parts });
}

function open() {
  const table = createMemoryTable();
  const clock = createVirtualClock(now);
  const outbox = openOutbox(
    {
      tableName: 'outbox',
      shards: 4,
      retentionMs: minute,
      accepts: [{ maxMessageBytes: 1 << 20 }],
    },
    { transactor: createMemoryTransactor({ outbox: table }), clock },
  );
  const notes = () => table.rows(backdatedPrefix).map(rowToBackdated);
  return { outbox, table, clock, notes };
}

describe('a write of events whose ids are old', () => {
  it.each([
    { what: 'none', ages: [0, 59 * second], pages: [] },
    { what: 'their page', ages: [0, minute], pages: [now - minute] },
    { what: 'their page once', ages: [10 * minute, 10 * minute - 1], pages: [now - 10 * minute] },
    {
      what: 'each of their pages',
      ages: [5 * minute, 59 * minute],
      pages: [now - 59 * minute, now - 5 * minute],
    },
  ])('notes $what', async ({ ages, pages }) => {
    const { outbox, notes } = open();

    await outbox.write({ events: ages.map((age) => eventOf(age)) });

    expect(
      notes()
        .map(({ page }) => page)
        .toSorted(),
    ).toEqual(pages.map(pageOf));
    expect(notes().filter(({ writtenAt }) => writtenAt !== now)).toEqual([]);
  });

  it('notes nothing of what is deferred: it lies in no page', async () => {
    const { outbox, notes } = open();
    const due = now + minute;
    const event = Placed('later', {}, { id: newId(due), deliverAt: new Date(due) });

    await outbox.write({ events: [event] });

    expect(notes()).toEqual([]);
  });

  it('notes their page in the same transaction: not where it fails', async () => {
    const { outbox, notes } = open();
    const events = [eventOf(5 * minute)];
    const missing = {
      TableName: 'outbox',
      Key: { pk: 'x', sk: 'y' },
      ConditionExpression: 'attribute_exists(pk)',
    };

    await expect(
      outbox.write({ items: [{ ConditionCheck: missing }], events }),
    ).rejects.toMatchObject({ code: 'CONDITION_FAILED' });

    expect(notes()).toEqual([]);
  });

  it('gives up the note where the transaction is full', async () => {
    const { outbox, notes, table } = open();

    await outbox.write({ events: Array.from({ length: 100 }, () => eventOf(5 * minute)) });

    expect(notes()).toEqual([]);
    expect(table.rows('2026')).toHaveLength(100);
  });

  it('is the same call again under its token, however late it comes', async () => {
    const { outbox, clock, notes } = open();
    const request = { events: [eventOf(30 * second)], clientRequestToken: 'my-token' };
    await outbox.write(request);
    clock.advance(2 * minute);

    await outbox.write(request);

    expect(notes()).toHaveLength(1);
  });
});

describe('actions that are prepared', () => {
  it.each([
    { sentAtOnce: false, puts: 2 },
    { sentAtOnce: true, puts: 1 },
  ])(
    'note the page of their events unless they are sent at once: $sentAtOnce',
    async ({ puts, ...options }) => {
      const { outbox } = open();

      expect(await outbox.prepare([eventOf(0)], options)).toHaveLength(puts);
    },
  );
});
