import {
  isLateName,
  isPartName,
  manifestName,
  type ArchiveManifest,
  type ArchivePart,
} from '../../contract/archive.ts';
import type { ArchivedEntry } from '../../contract/archive-line.ts';
import { OutboxError } from '../../contract/error.ts';
import { inParallel } from '../../runtime/in-parallel.ts';
import { checkSum, sha256, unpackEntries } from './object.ts';
import type { Archive } from './ports.ts';

/** An hour of the archive, opened: what it is made of, and what came to it late. */
export interface OpenHour {
  /** What its keys begin with. */
  readonly folder: string;
  readonly parts: readonly ArchivePart[];
  readonly late: readonly ArchivedEntry[];
}

const parallelObjects = 16;

/**
 * Opens an hour by the names of its objects: reads its manifest, and what came late.
 *
 * @throws OutboxError `ARCHIVE_DAMAGED` where the manifest, or a part that it names, is missing
 */
export async function openHour(
  folder: string,
  names: readonly string[],
  archive: Archive,
): Promise<OpenHour> {
  const late = await inParallel(names.filter(isLateName), parallelObjects, async (name) =>
    unpackEntries(await archive.read(`${folder}${name}`)),
  );
  return { folder, parts: await readParts(folder, names, archive), late: late.flat() };
}

/** @throws OutboxError `ARCHIVE_DAMAGED` where it is not what its manifest says */
export async function readPart(
  key: string,
  expected: string,
  archive: Archive,
): Promise<ArchivedEntry[]> {
  const body = await archive.read(key);
  checkSum(key, sha256(body), expected);
  return unpackEntries(body);
}

async function readParts(
  folder: string,
  names: readonly string[],
  archive: Archive,
): Promise<readonly ArchivePart[]> {
  if (!names.includes(manifestName)) {
    if (names.some(isPartName)) throw incomplete(folder, manifestName);
    return [];
  }
  const body = await archive.read(`${folder}${manifestName}`);
  const { parts } = JSON.parse(new TextDecoder().decode(body)) as ArchiveManifest;
  const missing = parts.find(({ name }) => !names.includes(name));
  if (missing !== undefined) throw incomplete(folder, missing.name);
  return parts;
}

function incomplete(folder: string, name: string): OutboxError {
  return new OutboxError(
    'ARCHIVE_DAMAGED',
    `${folder} of the archive lacks ${name}: somebody removed it, or the archiver has not finished the hour`,
    { facts: { folder, name } },
  );
}
