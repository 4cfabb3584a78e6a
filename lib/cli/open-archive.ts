import { readArchiveLocation } from '../table/archive.ts';
import { openArchive, type ArchiveReader } from '../archive/reader.ts';
import { configOf, type Session } from './session.ts';

/**
 * Opens the archive of an outbox: the one that is named, or the one that its functions say; `undefined` where
 * it has none.
 *
 * @throws OutboxError `OPTION_INVALID`; `OUTBOX_NOT_FOUND` where one is named, and no function says the source
 */
export async function openArchiveOf(
  session: Session,
  named: string | undefined,
): Promise<ArchiveReader | undefined> {
  const location = named ?? session.archive;
  if (location === undefined) return undefined;
  const { bucket, prefix } = readArchiveLocation(location);
  const { source } = configOf(session);
  const { createS3Archive } = await import('../archive/s3.ts');
  const archive = createS3Archive({ client: await session.clients.openS3(), bucket });
  return openArchive({ prefix, source, archive });
}
