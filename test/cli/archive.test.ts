import { beforeAll, describe, expect, it } from 'vitest';

import { judgeArchive } from '../../lib/cli/doctor/schedules.ts';
import { firstPageOf, hourOf } from '../../lib/table/archive.ts';
import { pageOf } from '../../lib/table/keys.ts';
import { createArchiver } from '../../lib/archive/archiver.ts';
import { unpackEntries } from '../../lib/archive/objects.ts';
import { createDynamoDBArchiveStore } from '../../lib/dynamodb/archive-store.ts';
import type { Clock } from '../../lib/core/ports.ts';
import { createMemoryArchive, type MemoryArchive } from '../support/memory/archive.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { retentionMs } from '../support/entries.ts';
import { localClient } from '../support/tables.ts';
import { recordingLog, recordingMeter, refuses } from '../support/world.ts';
import { outboxFunctions, servicesOf } from './support/account.ts';
import { awsError, fakeClients, type Answers, type Services } from './support/clients.ts';
import { createLocalOutbox, parse, shards } from './support/local-outbox.ts';
import type { Ran } from './support/run.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const location = 's3://archive/outbox/';

/** Services of an account whose outbox says where its archive is, or says nothing. */
function servicesWith(tableName: string, { archive, sent, says }: Account): Services {
  const functions = outboxFunctions(tableName).map((one) => ({
    ...one,
    environment: { ...one.environment, ...(says ? { OUTBOX_ARCHIVE: location } : {}) },
  }));
  return { ...servicesOf({ functions }), s3: s3Of(archive), eventbridge: busOf(sent) };
}

interface Account {
  readonly archive: MemoryArchive;
  readonly sent: string[];
  readonly says: boolean;
}

/** An outbox with what archives it: from the hour of now on, as far as its sweeper has closed it. */
async function anOutbox() {
  const archive = createMemoryArchive();
  const world = await createLocalOutbox();
  const { tableName, clock, store } = world;
  const begun = clock.now();
  await store.advanceWatermark('archive', firstPageOf(hourOf(pageOf(begun))), 4);
  const archiver = createArchiver({
    store: createDynamoDBArchiveStore({ client: localClient(), tableName, shards, clock }),
    archive,
    clock,
    newId: () => 'archiver',
    log: recordingLog(),
    meter: recordingMeter(),
    tableName,
    source: 'orders',
    prefix: 'outbox/',
    shards,
    retentionMs,
  });
  const sent: string[] = [];
  return {
    ...world,
    archive,
    begun,
    sent,
    /** Closes the hours up to one, and archives them. */
    archiveUpTo: async (epochMs: number): Promise<void> => {
      await store.advanceWatermark('closing', firstPageOf(hourOf(pageOf(epochMs))), 4);
      await archiver({ getRemainingTimeInMillis: () => 15 * minute });
    },
    /** Types a command where the functions say where the archive is, or say nothing. */
    type: (command: string, { says = true, ...surroundings }: Typed = {}): Promise<Ran> => {
      sent.length = 0;
      const services = servicesWith(tableName, { archive, sent, says });
      const clients = fakeClients(services, localClient());
      return world.outbox(command, { clients, ...surroundings });
    },
  };
}

interface Typed {
  readonly says?: boolean;
  readonly clock?: Clock;
}

/** An outbox with an entry that is in the archive only, and one ten minutes later that the table has too. */
async function anArchivedOutbox() {
  const outbox = await anOutbox();
  const { clock, begun } = outbox;
  const [old] = await outbox.deliver({ data: '{"card":"4111"}' });
  clock.advance(10 * minute);
  const [kept] = await outbox.deliver({ aggregate: 'order/2' });
  clock.advance(28 * hour);
  await outbox.archiveUpTo(begun + 2 * hour);
  clock.advance(begun + retentionMs + 5 * minute - clock.now());
  return { ...outbox, old: old!, kept: kept! };
}

let archived: Awaited<ReturnType<typeof anArchivedOutbox>>;
beforeAll(async () => {
  archived = await anArchivedOutbox();
});

interface Listing {
  readonly Bucket: string;
  readonly Prefix: string;
  readonly MaxKeys: number;
}

function s3Of(archive: MemoryArchive): Answers {
  return {
    ListObjectsV2: ({ Bucket, Prefix, MaxKeys }: Listing) => {
      if (Bucket !== 'archive') throw awsError('NoSuchBucket');
      const keys = [...archive.objects.keys()].filter((key) => key.startsWith(Prefix)).toSorted();
      return { Contents: keys.slice(0, MaxKeys).map((Key) => ({ Key })) };
    },
    GetObject: ({ Key }: { Key: string }) => ({
      Body: { transformToByteArray: () => archive.read(Key) },
    }),
  };
}

function busOf(sent: string[]): Answers {
  return {
    PutEvents: ({ Entries }: { Entries: { Detail: string }[] }) => {
      sent.push(...Entries.map(({ Detail }) => (JSON.parse(Detail) as { id: string }).id));
      return { FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: '1' })) };
    },
  };
}

const at = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 19);
const anHour = (): string => `--from ${at(archived.begun)} --to ${at(archived.begun + hour)}`;

describe('outbox replay', () => {
  it('takes from the archive what the table may have lost, and the rest from the table', async () => {
    const { type, sent, old, kept } = archived;

    const { code, out } = await type(`replay ${anHour()} --yes`);

    expect(out).toContain('replayed: 2 entries');
    expect(sent).toEqual([old.id, kept.id]);
    expect(code).toBe(0);
  });

  it('takes the archive that it is told of', async () => {
    const { type, sent, old, kept } = archived;

    const command = `replay ${anHour()} --again --yes`;
    const { notes } = await type(command, { says: false });
    expect(notes).toContain('name an archive with --archive');
    await type(`${command} --archive ${location}`, { says: false });

    expect(sent).toEqual([old.id, kept.id]);
  });

  it.each<[what: string, options: () => string, says: RegExp]>([
    [
      'begins before the archive',
      () => `--from ${at(archived.begun - 2 * hour)} --to ${at(archived.begun)}`,
      /the archive begins 20.* and --from is .* begin there/,
    ],
    [
      'names no archive',
      () => `${anHour()} --archive archive/outbox`,
      /an archive is given as s3:\/\/bucket\/prefix, got "archive\/outbox"/,
    ],
    [
      'names a bucket that is not there',
      () => `${anHour()} --archive s3://nowhere/outbox`,
      /AWS knows no such thing/,
    ],
    [
      'names an archive that is empty',
      () => `${anHour()} --archive s3://archive/other`,
      /the archive is empty/,
    ],
  ])('is refused where it %s', async (_, options, says) => {
    const { type, sent } = archived;

    const { code, notes } = await type(`replay ${options()} --yes`);

    expect(notes).toMatch(says);
    expect(code).toBe(2);
    expect(sent).toEqual([]);
  });

  it('is refused where it takes in what may have expired before it was archived', async () => {
    const { type, begun } = archived;
    const clock = createVirtualClock(begun + retentionMs + 3 * hour);

    const { code, notes } = await type(`replay --from ${at(begun)} --yes`, { clock });

    expect(notes).toMatch(/may have expired before it was archived: outbox doctor says/);
    expect(code).toBe(2);
  });

  it('is refused where the archive was damaged, and says which object it is', async () => {
    const { type, archive } = archived;
    const key = [...archive.objects.keys()].find((name) => name.includes('part-')) ?? '';
    const body = archive.objects.get(key)!;
    archive.objects.delete(key);

    const { code, notes } = await type(`replay ${anHour()} --again --yes`);
    archive.objects.set(key, body);

    expect(notes).toContain('lacks part-0000.ndjson.gz');
    expect(code).toBe(2);
  });
});

describe('outbox show', () => {
  /** Where the table has nothing any more. */
  async function showWithEmptyTable(command: string): Promise<Ran> {
    const { archive, sent } = archived;
    const { tableName, outbox } = await createLocalOutbox();
    const services = servicesWith(tableName, { archive, sent, says: true });
    return outbox(command, { clients: fakeClients(services, localClient()) });
  }

  it('finds an event that only the archive has', async () => {
    const { old } = archived;

    const { code, out } = await showWithEmptyTable(`show ${old.id}`);

    expect(out).toContain(`Event ${old.id}: published`);
    expect(out).toMatch(/in the archive +published 20/);
    expect(out).not.toContain('4111');
    expect(code).toBe(0);
  });

  it('shows its payload only where it is asked for', async () => {
    const { old } = archived;

    const shown = parse((await showWithEmptyTable(`show ${old.id} --data --json`)).out);

    expect(shown).toMatchObject({
      status: 'published',
      entry: { data: old.data },
      archived: { outcome: 'published' },
    });
    expect((await showWithEmptyTable(`show ${old.id} --json`)).out).not.toContain('4111');
  });

  it('says so where neither has it', async () => {
    const command = 'show 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00';

    const { code, notes } = await showWithEmptyTable(command);

    expect(notes).toContain('and it is not in the archive');
    expect(code).toBe(2);
  });
});

describe('outbox doctor', () => {
  const now = Date.UTC(2026, 10, 21, 4);
  const judge = (ageMs: number) => judgeArchive(pageOf(now - ageMs), { now, retentionMs });

  it('is content with an archiver that keeps up', () => {
    expect(judge(27 * hour)).toMatchObject([{ severity: 'ok' }]);
  });

  it.each([
    ['warns of one that is behind', 31 * hour, 'warning'],
    ['calls it a problem when half of the retention has passed', 7 * day, 'problem'],
    ['tells of what expired', 14 * day, 'problem'],
  ])('%s', (_, ageMs, severity) => {
    const [finding] = judge(ageMs);

    expect(finding).toMatchObject({ about: 'archive', severity });
    expect(finding?.nextStep).toContain('look into the log');
  });

  it('warns of one that never came to an end', () => {
    expect(judgeArchive(undefined, { now, retentionMs })).toMatchObject([{ severity: 'warning' }]);
  });

  it('looks only where there is an archive', async () => {
    const about = async (says: boolean): Promise<string[]> => {
      const { out } = await archived.type('doctor --json', { says });
      return (parse(out)['findings'] as { about: string }[]).map((one) => one.about);
    };

    expect(await about(true)).toContain('archive');
    expect(await about(false)).not.toContain('archive');
  });
});

it('what a person discards after its hour was archived comes to the archive', async () => {
  const { script, clock, archive, archiveUpTo, begun, ...outbox } = await anOutbox();
  script.decide = refuses('MalformedDetail');
  const [parked] = await outbox.deliver({});
  clock.advance(30 * hour);
  await archiveUpTo(begun + hour);

  await outbox.type(`discard ${parked!.id} --reason 'never mind' --yes`);
  await archiveUpTo(begun + hour);

  const key = [...archive.objects.keys()].find((name) => name.includes(`late-${parked!.id}`));
  const [line] = await unpackEntries(archive.objects.get(key ?? '')!);
  expect(line).toMatchObject({ entry: parked, outcome: 'discarded' });
});
