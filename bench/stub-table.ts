import { entryToRow, type Entry } from '../lib/table/entry.ts';
import { pageStart, type Page } from '../lib/table/keys.ts';
import { watermarkNames, type SweepPass } from '../lib/table/sweep-notes.ts';
import { toItem } from '../lib/dynamodb/items.ts';
import { retentionMs, shards } from './fixtures.ts';
import type { StubOptions } from './stub.ts';

/** What a stub of DynamoDB answers to a sweeper. */
export interface StubTable {
  readonly createdAt: Page;
  readonly entries?: readonly Entry[];
  /** How far the passes came. @default - no sweeper was ever there */
  readonly watermarks?: Readonly<Record<SweepPass, Page>>;
}

/** Answers of a table that holds entries, and receipts of none of them. It takes whatever is written, and forgets it. */
export function answersOf({
  createdAt,
  entries = [],
  watermarks,
}: StubTable): StubOptions['answers'] {
  const pages = encodePages(entries);
  return {
    DescribeTable: () => ({ Table: { CreationDateTime: pageStart(createdAt) / 1000 } }),
    GetItem: () => ({ Item: { shards: { N: String(shards) } } }),
    Query: (body) => pages.get(partitionOf(body)) ?? { Count: 0, Items: [] },
    BatchGetItem: (body) => ({ Responses: { outbox: watermarkRows(body, watermarks) } }),
    UpdateItem: () => ({ Attributes: { takes: { N: '1' } } }),
  };
}

/** Each partition's answer, ready to send: the stub must take no time that DynamoDB would not. */
function encodePages(entries: readonly Entry[]): Map<string, Uint8Array> {
  const rows = entries.map((entry) => entryToRow(entry, { shards, retentionMs }));
  const partitions = Map.groupBy(rows, ({ pk }) => String(pk));
  return new Map(
    [...partitions].map(([pk, all]) => {
      const answer = { Count: all.length, Items: all.map(toItem) };
      return [pk, new TextEncoder().encode(JSON.stringify(answer))];
    }),
  );
}

function partitionOf(body: string): string {
  const { ExpressionAttributeValues } = JSON.parse(body) as {
    ExpressionAttributeValues: Record<string, { S?: string }>;
  };
  return ExpressionAttributeValues[':pk']?.S ?? '';
}

function watermarkRows(body: string, watermarks: StubTable['watermarks']): object[] {
  if (watermarks === undefined) return [];
  const { RequestItems } = JSON.parse(body) as {
    RequestItems: Record<string, { Keys: { sk: { S: string } }[] }>;
  };
  const keys = Object.values(RequestItems).flatMap(({ Keys }) => Keys);
  return keys.map(({ sk }) => {
    const pass = sk.S.endsWith('closing') ? 'closing' : 'missed';
    return { sk, [watermarkNames.page]: { S: watermarks[pass] } };
  });
}
