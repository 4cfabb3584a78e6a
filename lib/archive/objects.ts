import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import { inParallel } from '../core/concurrency.ts';
import { OutboxError } from '../core/errors.ts';
import {
  isPartName,
  manifestName,
  readArchiveLine,
  type ArchivedEntry,
  type ArchivedLate,
  type ArchiveManifest,
  type ArchivePart,
} from '../table/archive.ts';
import { pageOf, timeOfId, type Page } from '../table/keys.ts';
import type { ArchiveObjects } from '../table/stores.ts';

/** An hour of the archive, opened: what it is made of, and what came to it late. */
export interface OpenHour {
  /** What its keys begin with. */
  readonly folder: string;
  readonly parts: readonly ArchivePart[];
  readonly late: readonly ArchivedEntry[];
}

const parallelObjects = 16;

/**
 * Opens an hour by the names of its objects: reads its manifest, and what came late. An object that the manifest does not
 * name is passed by: the archiver has not finished it, or somebody else put it there.
 *
 * @throws OutboxError `ARCHIVE_DAMAGED` where the manifest, or a part that it names, is missing
 */
export async function openHour(
  folder: string,
  names: readonly string[],
  archive: ArchiveObjects,
): Promise<OpenHour> {
  const { parts, late = [] } = await openManifest(folder, names, archive);
  const entries = await inParallel(late, parallelObjects, async ({ name, sha256: expected }) =>
    readChecked(`${folder}${name}`, expected, archive),
  );
  return { folder, parts, late: entries.flat() };
}

/** @throws OutboxError `ARCHIVE_DAMAGED` if it is not what its manifest says, or holds entries of other pages */
export async function readPart(
  folder: string,
  { name, sha256: expected, first, last }: ArchivePart,
  archive: ArchiveObjects,
): Promise<ArchivedEntry[]> {
  const key = `${folder}${name}`;
  const entries = await readChecked(key, expected, archive);
  const stray = entries.map(({ entry }) => entry.id).find((id) => !isBetween(id, first, last));
  if (stray !== undefined) throw damaged(key, `event ${stray} is of another page`);
  return entries;
}

function isBetween(id: string, first: Page, last: Page): boolean {
  const page = pageOf(timeOfId(id));
  return first <= page && page <= last;
}

async function readChecked(
  key: string,
  expected: string,
  archive: ArchiveObjects,
): Promise<ArchivedEntry[]> {
  const body = await archive.read(key);
  checkSum(key, sha256(body), expected);
  return unpackEntries(body, key);
}

/**
 * Reads an hour's manifest.
 *
 * @throws OutboxError `ARCHIVE_DAMAGED` if it is not a manifest
 */
export async function readManifest(
  folder: string,
  archive: ArchiveObjects,
): Promise<ArchiveManifest> {
  const key = `${folder}${manifestName}`;
  const text = new TextDecoder().decode(await archive.read(key));
  const manifest = parse(text);
  if (manifest === undefined) throw damaged(key, 'it is not a manifest');
  return manifest;
}

function isNamed({ name, sha256: sum }: ArchivedLate): boolean {
  return [name, sum].every((value: unknown) => typeof value === 'string' && value !== '');
}

function parse(text: string): ArchiveManifest | undefined {
  try {
    const { parts, late = [], ...manifest } = JSON.parse(text) as ArchiveManifest;
    const isWhole = [...parts, ...late].every(isNamed);
    return isWhole ? { ...manifest, parts, late } : undefined;
  } catch {
    return undefined;
  }
}

async function openManifest(
  folder: string,
  names: readonly string[],
  archive: ArchiveObjects,
): Promise<Pick<ArchiveManifest, 'parts' | 'late'>> {
  if (!names.includes(manifestName)) {
    if (names.some(isPartName)) throw incomplete(folder, manifestName);
    // What came late counts once the manifest names it: the archiver writes it again.
    return { parts: [] };
  }
  const manifest = await readManifest(folder, archive);
  const named = [...manifest.parts, ...(manifest.late ?? [])];
  const missing = named.find(({ name }) => !names.includes(name));
  if (missing !== undefined) throw incomplete(folder, missing.name);
  return manifest;
}

function incomplete(folder: string, name: string): OutboxError {
  return new OutboxError(
    'ARCHIVE_DAMAGED',
    `${folder} of the archive lacks ${name}: somebody removed it, or the archiver has not finished the hour`,
    { details: { folder, name } },
  );
}

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** Lines as an object's body: compressed, the same bytes for the same lines. */
export function packLines(lines: readonly string[]): Promise<Uint8Array> {
  return compress(lines.map((line) => `${line}\n`).join(''));
}

/**
 * The bytes that an object may have, compressed or not: four times those of a full part and its last line. What is
 * larger was not written by the archiver, and is not brought into memory.
 */
export const maxObjectBytes = 64 * 1024 * 1024;

/**
 * The entries of an object.
 *
 * @throws OutboxError `ARCHIVE_DAMAGED` if it is larger than what the archiver writes, or a line holds no valid entry
 */
export async function unpackEntries(body: Uint8Array, key = ''): Promise<ArchivedEntry[]> {
  const lines = (await unpack(body, key)).toString().split('\n');
  return lines.flatMap((line, index) => {
    if (line === '') return [];
    const archived = readArchiveLine(line);
    if (!('problem' in archived)) return [archived];
    throw damaged(key, `line ${index + 1} holds no valid entry: ${archived.problem}`);
  });
}

async function unpack(body: Uint8Array, key: string): Promise<Buffer> {
  try {
    return await decompress(body, { maxOutputLength: maxObjectBytes });
  } catch (error) {
    const isLarge = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    const problem = isLarge
      ? `it has more than ${maxObjectBytes} bytes uncompressed`
      : 'it is not compressed with gzip';
    throw damaged(key, problem);
  }
}

/** An object that is not what the archiver writes. */
export function damaged(key: string, problem: string): OutboxError {
  return new OutboxError(
    'ARCHIVE_DAMAGED',
    `object ${key} of the archive is damaged: ${problem}. Look for other writers to this prefix, and restore an earlier version of the object`,
    { details: { key, problem } },
  );
}

/** In hexadecimal digits. */
export function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

/**
 * Writes an object and reads it back: once this returns, the object is in the archive. Returns its checksum.
 *
 * @throws OutboxError `ARCHIVE_DAMAGED` where something else comes back
 */
export async function putVerified(
  archive: ArchiveObjects,
  key: string,
  body: Uint8Array,
): Promise<string> {
  const expected = sha256(body);
  await archive.put(key, body);
  checkSum(key, sha256(await archive.read(key)), expected);
  return expected;
}

/** @throws OutboxError `ARCHIVE_DAMAGED` where an object is not the one that was written */
function checkSum(key: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new OutboxError(
    'ARCHIVE_DAMAGED',
    `object ${key} of the archive has the checksum ${found}, and was written with ${expected}: somebody else writes to this prefix, or changed it`,
    { details: { key, found, expected } },
  );
}
