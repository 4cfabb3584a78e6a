import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import { readArchiveLine, type ArchivedEntry } from '../table/archive-line.ts';
import { OutboxError } from '../core/errors.ts';
import type { Archive } from '../table/ports.ts';

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
    { facts: { key, problem } },
  );
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
