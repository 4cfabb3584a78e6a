import { OutboxError } from '../core/errors.ts';
import { utf8Bytes } from '../core/redact.ts';
import {
  hourPrefix,
  isPartName,
  manifestName,
  pagesOfHour,
  partName,
  toArchiveLine,
  type ArchivedEntry,
  type ArchiveManifest,
  type ArchivePart,
  type Hour,
} from '../table/archive.ts';
import type { Entry } from '../table/entry.ts';
import type { Page } from '../table/keys.ts';
import { lastReceipts, type Receipt } from '../table/receipt.ts';
import type { ArchiverPorts } from '../table/stores.ts';
import { packLines, putVerified, readManifest } from './objects.ts';

/** Large enough for Athena, small enough for a function's memory. */
const usualPartBytes = 16 * 1024 * 1024;

/** An hour to archive. */
export interface HourTask {
  readonly hour: Hour;
  /** Whether all of its outcomes are known. */
  readonly closed: boolean;
}

/**
 * Archives an hour: its parts one after the other, then its manifest, each read back once it is written.
 * Returns the number of its entries.
 *
 * A run that crashed is repeated from the start, under the same keys. An hour with a manifest is left as it
 * is: by now some of it may have expired. An empty one costs no object.
 *
 * Any hour costs one question to each shard of each of its 60 pages, and more where they are large. One with
 * entries costs a LIST, a PUT and a GET for its manifest, and a PUT and a GET for each part.
 *
 * @throws OutboxError `ARCHIVE_TAKEN` where another table was archived to the same place; `ARCHIVE_DAMAGED`
 */
export async function archiveHour(task: HourTask, ports: ArchiverPorts): Promise<number> {
  const folder = hourPrefix(ports, task.hour);
  const parts: ArchivePart[] = [];
  let found: readonly string[] = [];
  const { fullPartBytes = usualPartBytes } = ports;
  for await (const draft of cutIntoParts(readHour(task.hour, ports), fullPartBytes)) {
    if (parts.length === 0) {
      found = await namesIn(folder, ports);
      if (found.includes(manifestName)) return entriesBefore(folder, ports);
    }
    parts.push(await putPart(draft, { folder, name: partName(parts.length) }, ports));
  }
  if (parts.length === 0) return 0;
  await emptyOthers(found, { folder, parts }, ports);
  const manifest: ArchiveManifest = { ...task, table: ports.tableName, parts };
  await putManifest(folder, manifest, ports);
  return entriesOf(parts);
}

/** Writes an hour's manifest, over one that is there. */
export async function putManifest(
  folder: string,
  manifest: ArchiveManifest,
  { archive }: Pick<ArchiverPorts, 'archive'>,
): Promise<void> {
  const body = new TextEncoder().encode(JSON.stringify(manifest, undefined, 2));
  await putVerified(archive, `${folder}${manifestName}`, body);
}

async function* readHour(hour: Hour, { store, shards }: ArchiverPorts): AsyncGenerator<PagePiece> {
  for (const page of pagesOfHour(hour)) {
    const { receipts, chunks } = await store.openPage(page, shards);
    const last = lastReceipts(receipts);
    for await (const { entries } of chunks) {
      yield { page, entries: entries.map((entry) => withOutcome(entry, last.get(entry.id))) };
    }
  }
}

function withOutcome(entry: Entry, receipt: Receipt | undefined): ArchivedEntry {
  if (receipt === undefined) return { entry, outcome: 'unknown' };
  return { entry, outcome: receipt.outcome, outcomeAt: receipt.time };
}

async function namesIn(folder: string, { archive }: ArchiverPorts): Promise<string[]> {
  const keys = await archive.list(folder);
  return keys.map((key) => key.slice(folder.length));
}

/** What was archived of an hour by a run that died right after it. */
async function entriesBefore(
  folder: string,
  { archive, tableName }: ArchiverPorts,
): Promise<number> {
  const manifest = await readManifest(folder, archive);
  checkOwner(folder, manifest, tableName);
  return entriesOf(manifest.parts);
}

/** @throws OutboxError `ARCHIVE_TAKEN` if an hour was archived from another table */
export function checkOwner(folder: string, { table }: ArchiveManifest, tableName: string): void {
  if (table === tableName) return;
  throw new OutboxError(
    'ARCHIVE_TAKEN',
    `${folder} holds what was archived from table ${table}, and this one is ${tableName}: give each outbox a prefix or a bucket of its own`,
    { details: { folder, table, tableName } },
  );
}

async function putPart(
  { first, last, lines }: PartDraft,
  { folder, name }: { folder: string; name: string },
  { archive }: ArchiverPorts,
): Promise<ArchivePart> {
  const checksum = await putVerified(archive, `${folder}${name}`, await packLines(lines));
  return { name, first, last, entries: lines.length, sha256: checksum };
}

/** What a run that died had made more of: emptied, since Athena reads every object there. */
async function emptyOthers(
  found: readonly string[],
  { folder, parts }: { folder: string; parts: readonly ArchivePart[] },
  { archive }: ArchiverPorts,
): Promise<void> {
  const written = new Set(parts.map(({ name }) => name));
  const others = found.filter((name) => isPartName(name) && !written.has(name));
  for (const name of others) await putVerified(archive, `${folder}${name}`, await packLines([]));
}

function entriesOf(parts: readonly ArchivePart[]): number {
  return parts.reduce((sum, { entries }) => sum + entries, 0);
}

/** Entries of one page. */
interface PagePiece {
  readonly page: Page;
  readonly entries: readonly ArchivedEntry[];
}

/** What becomes one object. */
interface PartDraft {
  readonly first: Page;
  readonly last: Page;
  readonly lines: readonly string[];
}

/**
 * Cuts an hour into parts, as it is read: each is full with the line that brings it to so many bytes, which
 * bounds the memory of who writes and who reads. None is empty.
 */
async function* cutIntoParts(
  pieces: AsyncIterable<PagePiece>,
  fullPartBytes: number,
): AsyncGenerator<PartDraft> {
  let lines: string[] = [];
  let bytes = 0;
  let first: Page | undefined;
  let last: Page = '';
  for await (const { page, entries } of pieces) {
    for (const entry of entries) {
      const line = toArchiveLine(entry);
      lines.push(line);
      bytes += utf8Bytes(line);
      first ??= page;
      last = page;
      if (bytes < fullPartBytes) continue;
      yield { first, last, lines };
      [lines, bytes, first] = [[], 0, undefined];
    }
  }
  if (first !== undefined) yield { first, last, lines };
}
