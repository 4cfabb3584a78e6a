import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import { readArchiveLine, type ArchivedEntry } from '../../contract/archive-line.ts';
import { OutboxError } from '../../contract/error.ts';
import type { Archive } from './ports.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** Lines as an object's body: compressed, the same bytes for the same lines. */
export function packLines(lines: readonly string[]): Promise<Uint8Array> {
  return compress(lines.map((line) => `${line}\n`).join(''));
}

export async function unpackEntries(body: Uint8Array): Promise<ArchivedEntry[]> {
  const text = (await decompress(body)).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(readArchiveLine);
}

/** In hexadecimal digits. */
export function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

/**
 * Writes an object, and reads it back: what this returns from is in the archive. Answers with its checksum.
 *
 * @throws OutboxError `ARCHIVE_DAMAGED` where something else comes back
 */
export async function putVerified(
  archive: Archive,
  key: string,
  body: Uint8Array,
): Promise<string> {
  const expected = sha256(body);
  await archive.put(key, body);
  checkSum(key, sha256(await archive.read(key)), expected);
  return expected;
}

/** @throws OutboxError `ARCHIVE_DAMAGED` where an object is not the one that was written */
export function checkSum(key: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new OutboxError(
    'ARCHIVE_DAMAGED',
    `object ${key} of the archive has the checksum ${found}, and was written with ${expected}: somebody else writes to this prefix, or changed it`,
    { facts: { key, found, expected } },
  );
}
