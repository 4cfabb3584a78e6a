import { OutboxError } from '../../contract/error.ts';
import { pageAfter, pageOf, pageStart, type Page } from '../../contract/keys.ts';
import type { ArchiveReader } from '../../relay/archive/reader.ts';
import type { ReplaySource } from '../../relay/operate/replay/pages.ts';
import type { ReplayRequest } from '../../relay/operate/replay/request.ts';
import { openArchiveOf } from '../aws/open-archive.ts';
import type { Session } from '../session.ts';
import { moment } from '../view/time.ts';

/**
 * Where a replay reads: the table for what it surely has whole, the archive for what is before that.
 *
 * @throws OutboxError `PAGES_EXPIRED` where something that is asked for may have been in neither
 */
export async function openSource(
  request: ReplayRequest,
  session: Session,
  { archive: named }: { readonly archive?: string },
): Promise<ReplaySource> {
  const { store, shardCounts, clock, retentionMs } = session;
  const firstKept = pageAfter(pageOf(clock.now() - retentionMs), 1);
  const created = pageOf(await store.tableCreatedAt());
  // What is older than a young table was never in it.
  const isYoung = created >= firstKept;
  const source = { store, shardCounts, firstKeptPage: isYoung ? created : firstKept };
  if (pageOf(request.from) >= source.firstKeptPage) return source;
  const archive = await openArchiveOf(session, named);
  if (!isYoung) await checkReach(request, { firstKept, archive, named }, session);
  return archive === undefined ? source : { ...source, archive };
}

interface Reach {
  /** The first page that the table surely has whole. */
  readonly firstKept: Page;
  readonly archive: ArchiveReader | undefined;
  /** What the option says. How far another archive reaches is known to nobody. */
  readonly named: string | undefined;
}

async function checkReach(
  request: ReplayRequest,
  { firstKept, archive, named }: Reach,
  { store }: Session,
): Promise<void> {
  if (archive === undefined) throw notKept(request, firstKept);
  const first = await archive.firstPage();
  if (first === undefined || pageOf(request.from) < first) throw notArchived(request, first);
  const needed = earlier(firstKept, pageAfter(pageOf(request.to - 1), 1));
  const upTo = await store.readWatermark('archive');
  if (named === undefined && (upTo === undefined || upTo < needed)) {
    throw notYetArchived(upTo ?? first, needed);
  }
}

function notKept({ from }: ReplayRequest, firstKept: Page): OutboxError {
  return expired(
    `the table keeps nothing from before ${moment(pageStart(firstKept))}, and --from is ${moment(from)}: begin there, name an archive with --archive, or keep entries for longer (retention or archive of the Outbox construct)`,
    { from, firstKept },
  );
}

function notArchived({ from }: ReplayRequest, first: Page | undefined): OutboxError {
  const begins = first === undefined ? 'is empty' : `begins ${moment(pageStart(first))}`;
  return expired(
    `the archive ${begins}, and --from is ${moment(from)}: what is before it has expired; begin there`,
    { from, first },
  );
}

function notYetArchived(upTo: Page, needed: Page): OutboxError {
  return expired(
    `what was written from ${moment(pageStart(upTo))} to ${moment(pageStart(needed))} may have expired before it was archived: outbox doctor says how the archiver is doing; leave that time out, or try again when it has caught up`,
    { upTo, needed },
  );
}

function expired(message: string, facts: Record<string, unknown>): OutboxError {
  return new OutboxError('PAGES_EXPIRED', message, { facts });
}

function earlier(a: Page, b: Page): Page {
  return a < b ? a : b;
}
