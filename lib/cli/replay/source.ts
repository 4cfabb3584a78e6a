import { definedOnly } from '../../core/collections.ts';
import type { DestinationConfig, RelayConfig } from '../../core/environment.ts';
import { OutboxError } from '../../core/errors.ts';
import type { ReplaySource } from '../../operate/replay-pages.ts';
import { pageAfter, pageOf, pageStart, type Page } from '../../table/keys.ts';
import type { ReplayRequest } from '../../table/replay.ts';
import type { OperateStore } from '../../table/stores.ts';
import { didYouMean } from '../names.ts';
import { hint, quoted, type CommonOptions } from '../options.ts';
import { openArchiveOf, type Session } from '../session.ts';
import { moment } from '../view/format.ts';

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

function expired(message: string, details: Record<string, unknown>): OutboxError {
  return new OutboxError('PAGES_EXPIRED', message, { details });
}

function earlier(a: Page, b: Page): Page {
  return a < b ? a : b;
}

export interface ReplayOptions extends CommonOptions {
  readonly from: number;
  readonly to: number;
  readonly type?: string[];
  readonly aggregate?: string;
  readonly toDestination?: string;
  readonly archive?: string;
  readonly again?: true;
  readonly abandon?: true;
  readonly reason: string;
  readonly rate: number;
  readonly yes?: true;
}

/** What is asked for. To whole seconds, so that a person can type the same again. */
export function replayRequestOf(options: ReplayOptions): ReplayRequest {
  const { type: types, aggregate, toDestination: destination } = options;
  const [from, to] = [wholeSeconds(options.from), wholeSeconds(options.to)];
  if (from < to) return { from, to, ...definedOnly({ types, aggregate, destination }) };
  throw new OutboxError(
    'OPTION_INVALID',
    `--from must be before --to, got ${moment(from)} and ${moment(to)}`,
    { details: { from, to } },
  );
}

/** The destinations meant: the one named, or all. */
export function destinationsOf(
  { destinations }: RelayConfig,
  wanted: string | undefined,
): readonly DestinationConfig[] {
  const meant = destinations.filter(({ name }) => wanted === undefined || name === wanted);
  if (meant.length > 0) return meant;
  const names = destinations.map(({ name }) => name);
  throw new OutboxError(
    'OPTION_INVALID',
    `the outbox has no destination ${wanted ?? ''}, only ${names.join(', ')}.${didYouMean(wanted ?? '', names)}`,
    { details: { destination: wanted, destinations: names } },
  );
}

/** The command that asks for the same, whenever it is typed, of the outbox that the options name. */
export function commandAgain(request: ReplayRequest, options: ReplayOptions): string {
  const { archive } = options;
  const from = archive === undefined ? '' : ` --archive ${quoted(archive)}`;
  return hint(`${commandFor(request)}${from}`, options);
}

/** The command that asks for something. */
export function commandFor({ from, to, types, aggregate, destination }: ReplayRequest): string {
  const parts = [
    `outbox replay --from ${moment(from)} --to ${moment(to)}`,
    ...(types ?? []).map((type) => `--type ${quoted(type)}`),
    ...(aggregate === undefined ? [] : [`--aggregate ${quoted(aggregate)}`]),
    ...(destination === undefined ? [] : [`--to-destination ${quoted(destination)}`]),
  ];
  return parts.join(' ');
}

function wholeSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000) * 1000;
}
