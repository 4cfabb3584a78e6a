import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';

import type { Entry } from '../../lib/table/entry.ts';
import { markerKey } from '../../lib/table/inbox.ts';
import { pageAfter, pageOf } from '../../lib/table/keys.ts';
import { getAll } from '../../lib/dynamodb/outbox-table.ts';
import { toItemKey, toRow, type Item } from '../../lib/dynamodb/items.ts';
import { createDynamoDBStore } from '../../lib/dynamodb/outbox-store.ts';
import type { PageContents } from '../../lib/table/stores.ts';
import { systemClock } from '../../lib/core/system.ts';
import type { Clients } from './clients.ts';
import type { InboxPlace, OutboxPlace } from './shop.ts';
import { sumOf } from './sum.ts';

/** Events in an outbox, and which of them were delivered. */
export interface OutboxContents {
  readonly entries: readonly Entry[];
  /** Ids that a receipt says were published. */
  readonly published: ReadonlySet<string>;
}

/** What an outbox holds of the pages since a moment (epoch milliseconds). */
export async function readOutbox(
  { tables }: Clients,
  { table, shards }: OutboxPlace,
  since: number,
): Promise<OutboxContents> {
  const store = createDynamoDBStore({ client: tables, tableName: table, shards });
  // One after the other: a page is many requests at once already.
  const contents: PageContents[] = [];
  for (const page of pagesSince(since)) contents.push(await store.readPage(page));
  const receipts = contents.flatMap((page) => page.receipts);
  return {
    entries: contents.flatMap(({ entries }) => entries),
    published: new Set(
      receipts.filter(({ outcome }) => outcome === 'published').flatMap(({ eventIds }) => eventIds),
    ),
  };
}

/** With one more at each end: the writers' clocks may differ from ours. */
function pagesSince(since: number): string[] {
  const last = pageAfter(pageOf(Date.now()), 1);
  const pages = [pageAfter(pageOf(since), -1)];
  while (pages.at(-1) !== last) pages.push(pageAfter(pages.at(-1) ?? last, 1));
  return pages;
}

/** When each of the events was handled (epoch milliseconds), as the inbox's table remembers it. */
export async function readMarkers(
  clients: Clients,
  inbox: InboxPlace,
  eventIds: readonly string[],
): Promise<Map<string, number>> {
  const idByKey = new Map(
    eventIds.map((eventId) => [markerKey({ inbox: inbox.name, eventId }).pk, eventId]),
  );
  const keys = eventIds.map((eventId) => toItemKey(markerKey({ inbox: inbox.name, eventId })));
  const markers = await readItems(clients, inbox.table, keys);
  return new Map(
    markers.map(({ pk, handledAt }) => [idByKey.get(String(pk)) ?? '', Number(handledAt)]),
  );
}

/** A row of a service's own table. */
export type Row = Record<string, unknown>;

/** The rows of a service's own table that exist under the ids, by id. */
export async function readRows(
  clients: Clients,
  table: string,
  ids: readonly string[],
): Promise<Row[]> {
  const keys = [...new Set(ids)].map((id) => ({ id: { S: id } }));
  return readItems(clients, table, keys);
}

async function readItems(
  { tables }: Clients,
  tableName: string,
  keys: readonly Item[],
): Promise<Row[]> {
  const table = { client: tables, tableName, clock: systemClock, random: Math.random };
  return (await getAll(table, keys)).map(toRow);
}

/** How many messages a queue holds, those in flight included. On the real AWS a count may be a minute old. */
export async function countMessages({ queues }: Clients, queueUrl: string): Promise<number> {
  const { Attributes = {} } = await queues.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return sumOf(Object.values(Attributes), Number);
}
