import {
  isPartName,
  manifestName,
  type ArchivedLate,
  type ArchiveManifest,
  type ArchivePart,
} from '../table/archive.ts';
import type { ArchivedEntry } from '../table/archive-line.ts';
import { OutboxError } from '../core/errors.ts';
import { pageOf, timeOfId, type Page } from '../table/keys.ts';
import { inParallel } from '../core/in-parallel.ts';
import { checkSum, damaged, sha256, unpackEntries } from './object.ts';
import type { Archive } from '../table/ports.ts';

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
  archive: Archive,
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
  archive: Archive,
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
  archive: Archive,
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
export async function readManifest(folder: string, archive: Archive): Promise<ArchiveManifest> {
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
  archive: Archive,
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
    { facts: { folder, name } },
  );
}
