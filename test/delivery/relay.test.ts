import type { DynamoDBRecord } from '../../lib/delivery/stream.ts';
import { describe, expect, it } from 'vitest';

import type { Entry } from '../../lib/table/entry.ts';
import { entryKey, pageOf, timeOfId } from '../../lib/table/keys.ts';
import { keyOfWaiting } from '../../lib/table/waiting.ts';
import type { DestinationAdapter } from '../../lib/delivery/destination.ts';
import { createRelay } from '../../lib/delivery/relay.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory/store.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import {
  accepts,
  countingIds,
  entryOf,
  insertOf,
  insertOfEntry,
  recordingLog,
  recordingMeter,
  refuses,
  retentionMs,
  scripted,
  shards,
  type Script,
} from '../support/world.ts';

const start = Date.UTC(2026, 10, 21, 4, 37, 10);

function setUp(
  destinations: DestinationAdapter[],
  store: MemoryStore = createMemoryStore({ shards }),
) {
  const clock = createVirtualClock(start);
  const log = recordingLog();
  const meter = recordingMeter();
  const newId = countingIds();
  const ports = { store, destinations, clock, log, meter, newId, retentionMs };
  const relay = createRelay({ ...ports, random: () => 0.5, source: 'orders', maxAttempts: 5 });
  const invoke = (records: DynamoDBRecord[], remainingMs = 60_000) =>
    relay({ Records: records.map(numbered) }, { getRemainingTimeInMillis: () => remainingMs });
  const entries = (count: number, over: (index: number) => Partial<Entry> = () => ({})): Entry[] =>
    Array.from({ length: count }, (_, index) =>
      entryOf(newId(clock.now()), { aggregate: `order/${index}`, ...over(index) }),
    );
  const receipts = async () => {
    const page = await store.readPage(pageOf(start));
    return page.receipts.toSorted((a, b) => a.outcome.localeCompare(b.outcome));
  };
  const waiting = (entry: Entry) => store.getWaiting(keyOfWaiting(entry));
  return { clock, log, meter, store, invoke, entries, receipts, waiting };
}

function numbered(record: DynamoDBRecord, index: number): DynamoDBRecord {
  return { ...record, dynamodb: { ...record.dynamodb, SequenceNumber: `n${index}` } };
}

describe('the relay', () => {
  it('publishes a batch and leaves one receipt for all of it', async () => {
    const bus = scripted({ decide: accepts });
    const { invoke, entries, receipts } = setUp([bus]);
    const batch = entries(25);

    const answer = await invoke(batch.map(insertOfEntry));

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(bus.arrived).toEqual(batch.map(({ id }) => id));
    expect(await receipts()).toMatchObject([
      { outcome: 'published', eventIds: batch.map(({ id }) => id) },
    ]);
  });

  it('writes no receipt before it published', async () => {
    const seen: number[] = [];
    const bus = scripted({ decide: accepts });
    const store = createMemoryStore({ shards });
    const spied = {
      ...store,
      addReceipts: (receipts: Parameters<typeof store.addReceipts>[0]) => {
        seen.push(bus.arrived.length);
        return store.addReceipts(receipts);
      },
    };
    const { invoke, entries } = setUp([bus], spied);

    await invoke(entries(3).map(insertOfEntry));

    expect(seen.filter((arrived) => arrived < 3)).toEqual([]);
  });

  it('sends exactly the refused entry to the waiting room, and the others on their way', async () => {
    const script = { decide: accepts };
    const bus = scripted(script);
    const { invoke, entries, receipts, waiting } = setUp([bus]);
    const batch = entries(10);
    const [, refused] = batch;
    script.decide = (one) =>
      one.entry.id === refused?.id ? refuses('MalformedDetail')(one) : { status: 'accepted' };

    const answer = await invoke(batch.map(insertOfEntry));

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(bus.arrived).toHaveLength(9);
    expect(await waiting(refused!)).toMatchObject({
      state: 'parked',
      error: { code: 'MalformedDetail' },
    });
    expect(await receipts()).toMatchObject([
      { outcome: 'published' },
      { outcome: 'waiting', eventIds: [refused!.id] },
    ]);
  });

  it('lets an entry that failed for now wait for another attempt, without its data in the log', async () => {
    const script = { decide: accepts };
    const { invoke, entries, waiting, log, clock } = setUp([scripted(script)]);
    const batch = entries(2, () => ({ data: '{"secret":"4111"}' }));
    script.decide = (one) =>
      one.entry === batch[0] || one.entry.id === batch[0]?.id
        ? refuses('InternalFailure')(one)
        : { status: 'accepted' };

    await invoke(batch.map(insertOfEntry));

    const row = await waiting(batch[0]!);
    expect(row).toMatchObject({ state: 'retrying', attempts: 1, missing: ['bus'] });
    expect(row?.dueAt).toBeGreaterThan(clock.now());
    expect(JSON.stringify(log.lines)).not.toContain('4111');
  });

  it('leaves an outage to the stream: nothing is written, and all of it comes again', async () => {
    const store = createMemoryStore({ shards });
    const { invoke, entries } = setUp(
      [scripted({ decide: refuses('ThrottlingException') })],
      store,
    );

    const answer = await invoke(entries(5).map(insertOfEntry));

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'n0' }] });
    expect(store.table.rows()).toEqual([]);
  });

  it('names the first record that an outage left, behind those it could settle', async () => {
    const { invoke, entries } = setUp([scripted({ decide: refuses('ThrottlingException') })]);
    const [entry] = entries(1);
    const broken = insertOf({ pk: '2026-11-21T04:37#00', sk: 'e#nonsense' });

    const answer = await invoke([broken, insertOfEntry(entry!)]);

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'n1' }] });
  });

  it('keeps for the waiting room only the destination that is down', async () => {
    const bus = scripted({ decide: accepts });
    const down = scripted(
      { decide: refuses('ThrottlingException') },
      { name: 'queue', kind: 'queue' },
    );
    const { invoke, entries, waiting } = setUp([bus, down]);
    const batch = entries(3);

    const answer = await invoke(batch.map(insertOfEntry));

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(bus.arrived).toHaveLength(3);
    expect(await waiting(batch[0]!)).toMatchObject({ state: 'retrying', missing: ['queue'] });
  });

  it('keeps entries moving past those of a destination that is down alone', async () => {
    const down = scripted(
      { decide: refuses('ThrottlingException') },
      { name: 'a', types: ['a.*'] },
    );
    const up = scripted({ decide: accepts }, { name: 'b', types: ['b.*'] });
    const { invoke, entries, waiting } = setUp([down, up]);
    const [taken, entry] = entries(2, (index) => ({ type: index === 0 ? 'b.x' : 'a.x' }));
    await invoke([insertOfEntry(taken!)]);

    const answer = await invoke([insertOfEntry(entry!)]);

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(await waiting(entry!)).toMatchObject({ state: 'retrying', missing: ['a'] });
  });

  it('keeps entries in the stream where all destinations that want them are down, and no other takes any', async () => {
    const down = scripted(
      { decide: refuses('ThrottlingException') },
      { name: 'a', types: ['a.*'] },
    );
    const { invoke, entries, waiting } = setUp([
      down,
      scripted({ decide: accepts }, { name: 'b', types: ['b.*'] }),
    ]);
    const [entry] = entries(1, () => ({ type: 'a.x' }));

    const answer = await invoke([insertOfEntry(entry!)]);

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'n0' }] });
    expect(await waiting(entry!)).toBeUndefined();
  });

  it('leaves what it has no time for to the next invocation, and keeps time to write receipts', async () => {
    const store = createMemoryStore({ shards });
    const bus = scripted({ decide: accepts });
    const { invoke, entries } = setUp([bus], store);

    const answer = await invoke(entries(3).map(insertOfEntry), 14_000);

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'n0' }] });
    expect(bus.arrived).toEqual([]);
    expect(store.table.rows()).toEqual([]);
  });

  it('makes no waiting rows of entries whose turn did not come', async () => {
    const script = { decide: accepts };
    const bus = scripted(script, { maxEntriesPerCall: 1 });
    const { invoke, entries, waiting, clock } = setUp([bus]);
    const batch = entries(15);
    script.decide = () => {
      clock.advance(5_000);
      return { status: 'accepted' };
    };

    const answer = await invoke(batch.map(insertOfEntry));

    expect(bus.arrived.length).toBeGreaterThan(0);
    expect(bus.arrived.length).toBeLessThan(15);
    expect(answer.batchItemFailures).toHaveLength(1);
    const rows = await Promise.all(batch.map(waiting));
    expect(rows.filter((row) => row !== undefined)).toEqual([]);
  });

  it('parks a row under a minute that there is not, and goes on', async () => {
    const { invoke, store } = setUp([scripted({ decide: accepts })]);

    const answer = await invoke([insertOf({ pk: '2026-13-45T99:99#00', sk: 'e#x', id: 'x' })]);

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(store.table.rows()).toMatchObject([{ state: 'parked' }]);
  });

  it('parks an entry too large to wait, and goes on', async () => {
    const bus = scripted({ decide: refuses('MalformedDetail') });
    const { invoke, entries, store } = setUp([bus]);
    const [huge] = entries(1, () => ({ data: JSON.stringify('x'.repeat(409_000)) }));

    const answer = await invoke([insertOfEntry(huge!)]);

    expect(answer).toEqual({ batchItemFailures: [] });
    const states = store.table.rows().flatMap(({ state }) => state ?? []);
    expect(states).toEqual(['parked']);
  });

  it('sends an entry only where its type is wanted', async () => {
    const placed = scripted({ decide: accepts }, { name: 'placed', types: ['order.placed'] });
    const all = scripted({ decide: accepts }, { name: 'all' });
    const { invoke, entries } = setUp([placed, all]);
    const batch = entries(2, (index) => ({
      type: index === 0 ? 'order.placed' : 'order.cancelled',
    }));

    await invoke(batch.map(insertOfEntry));

    expect(placed.arrived).toEqual([batch[0]?.id]);
    expect(all.arrived).toHaveLength(2);
  });

  it('parks an entry that no destination wants any more', async () => {
    const { invoke, entries, waiting } = setUp([
      scripted({ decide: accepts }, { types: ['other'] }),
    ]);
    const [entry] = entries(1);

    await invoke([insertOfEntry(entry!)]);

    expect(await waiting(entry!)).toMatchObject({
      state: 'parked',
      error: { code: 'NO_DESTINATION' },
    });
  });

  it('parks a row that is no entry, whole and with the reason, and goes on', async () => {
    const bus = scripted({ decide: accepts });
    const { invoke, entries, store, receipts } = setUp([bus]);
    const [entry] = entries(1);
    const { pk } = entryKey(entry!, shards);

    const answer = await invoke([
      insertOf({ pk, sk: 'e#nonsense', hello: 'world' }),
      insertOfEntry(entry!),
    ]);

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(bus.arrived).toEqual([entry?.id]);
    const parked = store.table.rows().find(({ state }) => state === 'parked');
    expect(parked).toMatchObject({ errorCode: 'ENTRY_INVALID', invalid: { pk, sk: 'e#nonsense' } });
    expect(parked?.['json']).toContain('world');
    expect((await receipts()).flatMap(({ invalidRows }) => invalidRows ?? [])).toEqual([
      'e#nonsense',
    ]);
  });

  it.each(['REMOVE', 'MODIFY'] as const)(
    'passes by what is no new entry: %s',
    async (eventName) => {
      const bus = scripted({ decide: accepts });
      const { invoke, entries } = setUp([bus]);
      const expired: DynamoDBRecord = {
        eventName,
        dynamodb: insertOfEntry(entries(1)[0]!).dynamodb!,
      };

      expect(await invoke([expired, { eventName: 'INSERT' }])).toEqual({ batchItemFailures: [] });
      expect(bus.arrived).toEqual([]);
    },
  );

  it('tells of a stream without images, and leaves the entry to the sweeper', async () => {
    const { invoke, entries, log, receipts } = setUp([scripted({ decide: accepts })]);
    const { Keys } = insertOfEntry(entries(1)[0]!).dynamodb!;

    await invoke([{ eventName: 'INSERT', dynamodb: { Keys: Keys! } }]);

    expect(log.lines.map(({ level }) => level)).toContain('error');
    expect(await receipts()).toEqual([]);
  });

  it('publishes a record that came twice in one batch once', async () => {
    const bus = scripted({ decide: accepts });
    const { invoke, entries } = setUp([bus]);
    const record = insertOfEntry(entries(1)[0]!);

    await invoke([record, record]);

    expect(bus.arrived).toHaveLength(1);
  });

  it('fails where the table does, so that the batch comes again', async () => {
    const store = createMemoryStore({ shards });
    const broken = { ...store, addReceipts: () => Promise.reject(new Error('table gone')) };
    const { invoke, entries } = setUp([scripted({ decide: accepts })], broken);

    await expect(invoke(entries(1).map(insertOfEntry))).rejects.toThrow('table gone');
  });

  it('writes the receipts of published entries though the waiting room is in trouble', async () => {
    const store = createMemoryStore({ shards });
    const broken = { ...store, addWaiting: () => Promise.reject(new Error('throttled')) };
    const script = { decide: accepts };
    const { invoke, entries, receipts } = setUp([scripted(script)], broken);
    const batch = entries(2);
    script.decide = (one) =>
      one.entry.id === batch[0]?.id ? refuses('MalformedDetail')(one) : { status: 'accepted' };

    await expect(invoke(batch.map(insertOfEntry))).rejects.toThrow('throttled');
    expect(await receipts()).toMatchObject([{ outcome: 'published', eventIds: [batch[1]!.id] }]);
  });

  it('notes how far it is behind, once in ten seconds', async () => {
    const { invoke, entries, store, clock } = setUp([scripted({ decide: accepts })]);
    const late = (entry: Entry): DynamoDBRecord => {
      const record = insertOfEntry(entry);
      return {
        ...record,
        dynamodb: { ...record.dynamodb, ApproximateCreationDateTime: start / 1000 },
      };
    };
    const [first, second, third] = entries(3);

    await invoke([late(first!)]);
    expect(await store.readLag(0)).toBeUndefined();
    clock.advance(61_000);
    await invoke([late(second!)]);
    expect(await store.readLag(0)).toEqual({ oldestAt: start, notedAt: start + 61_000 });
    clock.advance(5_000);
    await invoke([late(third!)]);
    expect(await store.readLag(start + 61_001)).toBeUndefined();
  });

  it('says that it is behind only once it has delivered: one that dies of its batch is not waited for', async () => {
    const store = createMemoryStore({ shards });
    const broken = { ...store, addReceipts: () => Promise.reject(new Error('dies')) };
    const { invoke, entries, clock } = setUp([scripted({ decide: accepts })], broken);
    const record = insertOfEntry(entries(1)[0]!);
    clock.advance(61_000);
    const late = {
      ...record,
      dynamodb: { ...record.dynamodb, ApproximateCreationDateTime: start / 1000 },
    };

    await expect(invoke([late])).rejects.toThrow('dies');

    expect(await store.readLag(0)).toBeUndefined();
  });

  it('counts what became of entries, and how long the slowest took', async () => {
    const { invoke, entries, meter, clock } = setUp([scripted({ decide: accepts })]);
    const batch = entries(3);
    const age = 1_500;
    clock.advance(age);

    await invoke(batch.map(insertOfEntry));

    expect(meter.counts.get('EntriesPublished')).toBe(3);
    expect(meter.counts.get('PublishLatency')).toBe(start + age - timeOfId(batch[0]!.id));
  });
});

describe('a batch of which no destination takes anything', () => {
  const denied = (): never => {
    throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
  };

  it('comes again, and says so to the sweeper at once', async () => {
    const store = createMemoryStore({ shards });
    const { invoke, entries, clock } = setUp([scripted({ decide: denied })], store);

    const answer = await invoke(entries(2).map(stamped));

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'n0' }] });
    expect(await store.readLag(0)).toMatchObject({ blockedAt: clock.now() });
  });

  it('is told of though another shard of the same container noted less a moment ago', async () => {
    const store = createMemoryStore({ shards });
    const script = { decide: accepts };
    const { invoke, entries, clock } = setUp([scripted(script)], store);
    const [older, younger] = [entries(1).map(stamped), entries(1)];
    clock.advance(90_000);
    const late = younger.map((entry) => {
      const record = stamped(entry);
      const ApproximateCreationDateTime = (start + 20_000) / 1000;
      return { ...record, dynamodb: { ...record.dynamodb, ApproximateCreationDateTime } };
    });
    await invoke(late);
    clock.advance(1_000);
    script.decide = denied;

    await invoke(older);

    expect(await store.readLag(0)).toMatchObject({ oldestAt: start, blockedAt: clock.now() });
  });

  it.each([
    { what: 'the sweeper saw a destination take another since', acceptedAfterMs: 1, moves: true },
    { what: 'that was before it was blocked', acceptedAfterMs: -1, moves: false },
  ])('moves to the waiting room if $what: $moves', async ({ acceptedAfterMs, moves }) => {
    const noted = { at: 0 };
    const store = createMemoryStore({ shards });
    const watching = { ...store, readAcceptance: () => Promise.resolve(noted.at) };
    const { invoke, entries, clock, waiting } = setUp([scripted({ decide: denied })], watching);
    const batch = entries(2);
    await invoke(batch.map(stamped));
    noted.at = clock.now() + acceptedAfterMs;
    clock.advance(60_000);

    const { batchItemFailures } = await invoke(batch.map(stamped));

    expect(batchItemFailures).toHaveLength(moves ? 0 : 1);
    expect(await waiting(batch[0]!)).toEqual(
      moves ? expect.objectContaining({ state: 'retrying', attempts: 0 }) : undefined,
    );
  });

  it('moves there if this relay published another batch since', async () => {
    const script = { decide: denied as Script };
    const { invoke, entries, clock, waiting } = setUp([scripted(script)]);
    const [bad, good] = [entries(1), entries(1)];
    await invoke(bad.map(stamped));
    clock.advance(1_000);
    script.decide = accepts;
    await invoke(good.map(stamped));
    clock.advance(1_000);
    script.decide = denied;

    const answer = await invoke(bad.map(stamped));

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(await waiting(bad[0]!)).toMatchObject({ state: 'retrying' });
  });
});

/** A record as the stream brings it: with its time. */
function stamped(entry: Entry): DynamoDBRecord {
  const record = insertOfEntry(entry);
  return {
    ...record,
    dynamodb: { ...record.dynamodb, ApproximateCreationDateTime: start / 1000 },
  };
}

describe('the relay before an ordered destination', () => {
  function ordered(script: { decide: ReturnType<typeof refuses> }) {
    return scripted(script, { name: 'fifo', kind: 'queue', ordered: true });
  }

  it('publishes an aggregate in sequence, whatever the order of the stream', async () => {
    const fifo = ordered({ decide: accepts });
    const { invoke, entries } = setUp([fifo]);
    const batch = entries(6, (index) => ({ aggregate: 'order/1', sequence: 6 - index }));

    await invoke(batch.map(insertOfEntry));

    expect(fifo.arrived).toEqual(batch.toReversed().map(({ id }) => id));
  });

  it('holds what comes behind a failed entry of its aggregate, and nothing else', async () => {
    const script = { decide: accepts };
    const fifo = ordered(script);
    const { invoke, entries, waiting } = setUp([fifo]);
    const batch = entries(4, (index) => ({
      aggregate: index < 3 ? 'order/1' : 'order/2',
      sequence: index + 1,
    }));
    script.decide = (one) =>
      one.entry.id === batch[0]?.id ? refuses('Novelty')(one) : { status: 'accepted' };

    await invoke(batch.map(insertOfEntry));

    expect(fifo.arrived).toEqual([batch[3]?.id]);
    expect(await waiting(batch[0]!)).toMatchObject({ state: 'retrying', blocksLane: true });
    expect(await waiting(batch[1]!)).toMatchObject({ state: 'held', attempts: 0 });
    expect(await waiting(batch[2]!)).toMatchObject({ state: 'held' });
  });

  it('holds later batches too, until the aggregate is free again', async () => {
    const script = { decide: refuses('Novelty') };
    const fifo = ordered(script);
    const { invoke, entries, waiting } = setUp([fifo]);
    const [first, second] = entries(2, (index) => ({ aggregate: 'order/1', sequence: index + 1 }));
    await invoke([insertOfEntry(first!)]);
    script.decide = accepts;

    await invoke([insertOfEntry(second!)]);

    expect(fifo.arrived).toEqual([]);
    expect(await waiting(second!)).toMatchObject({ state: 'held', missing: ['fifo'] });
  });

  it('holds nothing for a bus beside it', async () => {
    const script = { decide: refuses('Novelty') };
    const bus = scripted({ decide: accepts });
    const { invoke, entries } = setUp([ordered(script), bus]);
    const [first, second] = entries(2, (index) => ({ aggregate: 'order/1', sequence: index + 1 }));

    await invoke([insertOfEntry(first!)]);
    await invoke([insertOfEntry(second!)]);

    expect(bus.arrived).toEqual([first?.id, second?.id]);
  });

  it('leaves the held ones of an outage in the stream with the rest', async () => {
    const store = createMemoryStore({ shards });
    const fifo = ordered({ decide: refuses('ThrottlingException') });
    const { invoke, entries } = setUp([fifo], store);
    const batch = entries(3, (index) => ({ aggregate: 'order/1', sequence: index + 1 }));

    const answer = await invoke(batch.map(insertOfEntry));

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'n0' }] });
    expect(store.table.rows()).toEqual([]);
  });
});
