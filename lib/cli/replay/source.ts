import { OutboxError } from '../../core/errors.ts';
import { pageAfter, pageOf, pageStart, type Page } from '../../table/keys.ts';
import type { ReplayRequest } from '../../table/replay.ts';
import type { ReplaySource } from '../../operate/pages.ts';
import type { OperateStore } from '../../table/operate-store.ts';
import { openArchiveOf } from '../open-archive.ts';
import type { Session } from '../session.ts';
import { moment } from '../view/time.ts';

/** Where a replay reads: each page from where it is when it is read, the table or the archive. */
export async function openSource(
  session: Session,
  { archive: named }: { readonly archive?: string },
): Promise<ReplaySource> {
  const { store, shardCounts, clock, retentionMs } = session;
  const createdPage = pageOf(await store.tableCreatedAt());
  const source = { store, shardCounts, clock, retentionMs, createdPage };
  const archive = await openArchiveOf(session, named);
  if (archive === undefined) return source;
  // How far another outbox's archive reaches is not known.
  return { ...source, archive, ...(named === undefined ? { isArchived: reachOf(store) } : {}) };
}

/** Whether the archiver was beyond a page; asks again only for pages that it was not beyond the last time. */
function reachOf(store: OperateStore): (page: Page) => Promise<boolean> {
  let upTo: Page = '';
  return async (page) => {
    if (page >= upTo) upTo = (await store.readWatermark('archive'))?.page ?? '';
    return page < upTo;
  };
}

/**
 * Checks that a request can be read whole, before anything of it is delivered.
 *
 * @throws OutboxError `PAGES_EXPIRED` if a part of it may be in neither table nor archive
 */
export async function checkReach(
  request: ReplayRequest,
  source: ReplaySource,
  { named, session }: { named: string | undefined; session: Session },
): Promise<void> {
  const firstKept = pageAfter(pageOf(source.clock.now() - source.retentionMs), 1);
  // What is older than a young table was never in it.
  if (pageOf(request.from) >= firstKept || source.createdPage >= firstKept) return;
  const { archive } = source;
  if (archive === undefined) throw notKept(request, firstKept);
  const first = await archive.firstPage();
  if (first === undefined || pageOf(request.from) < first) throw notArchived(request, first);
  const needed = earlier(firstKept, pageAfter(pageOf(request.to - 1), 1));
  const upTo = (await session.store.readWatermark('archive'))?.page;
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
