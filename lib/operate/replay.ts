import { inParts } from '../core/collections.ts';
import { inParallel, type Pace } from '../core/concurrency.ts';
import { matchesType, type TypeFilter } from '../core/event-types.ts';
import type { NewId } from '../core/ports.ts';
import type { Entry } from '../table/entry.ts';
import { pageAfter, pageOf, type Page } from '../table/keys.ts';
import type { ReplayNote, ReplayRequest } from '../table/replay.ts';
import type { OperateStore } from '../table/stores.ts';
import type { DeliveryError } from '../table/waiting.ts';
import {
  nameOf,
  overlap,
  pagesOfReplay,
  readReplayable,
  type ReplaySource,
} from './replay-pages.ts';
import { sendAgain, type RefusedEntry, type SendAgainPorts } from './replay-send.ts';

/** What a replay is run with. */
export interface ReplayPorts extends SendAgainPorts {
  readonly source: ReplaySource;
  readonly pace: Pace;
}

/** What is known of a request before it is run. */
export type FoundReplay =
  /** `before`: the note of an earlier one that ended. */
  | { readonly status: 'new'; readonly before?: ReplayNote }
  /** It broke off, or still runs. */
  | { readonly status: 'unfinished'; readonly note: ReplayNote }
  /** The same was replayed before, to its end. */
  | { readonly status: 'done before'; readonly note: ReplayNote }
  /** Other replays that are not finished deliver some of the same events. */
  | { readonly status: 'overlaps'; readonly others: readonly ReplayNote[] };

/** A replay that was begun or taken over, or why it was not. */
export type ReplayStart =
  | { readonly status: 'new' | 'resumed'; readonly note: ReplayNote }
  | Exclude<FoundReplay, { status: 'new' | 'unfinished' }>;

export interface StartOptions {
  /** Replays once more what was replayed to its end. */
  readonly again: boolean;
  /** Ends unfinished replays of the same events. */
  readonly abandon: boolean;
  readonly by: string;
}

/** What the table says of a request: reads only. */
export async function findReplay(
  request: ReplayRequest,
  { again, abandon }: Pick<StartOptions, 'again' | 'abandon'>,
  store: OperateStore,
): Promise<FoundReplay> {
  const note = await store.readReplay(nameOf(request));
  if (note !== undefined && note.endedAt === undefined) return { status: 'unfinished', note };
  const others = await listOverlapping(request, store);
  if (others.length > 0 && !abandon) return { status: 'overlaps', others };
  // What was abandoned was not done.
  const isDone = note !== undefined && note.abandonedBy === undefined;
  if (isDone && !again) return { status: 'done before', note };
  return note === undefined ? { status: 'new' } : { status: 'new', before: note };
}

async function listOverlapping(
  request: ReplayRequest,
  store: OperateStore,
): Promise<readonly ReplayNote[]> {
  const notes = await store.listReplays();
  const name = nameOf(request);
  return notes.filter(
    (note) =>
      note.name !== name &&
      note.endedAt === undefined &&
      note.request !== undefined &&
      overlap(note.request, request),
  );
}

/**
 * Begins a replay, or takes over where the same one broke off.
 *
 * Guarantee: of two that begin in the same moment at most one begins under a new id. The same request takes the first
 * one over, under its id. Where the requests differ and overlap, the later one is refused: two replays of an aggregate
 * would mix in an inbox that keeps order. What was replayed to its end begins again only with `again`, under a new id,
 * since consumers remember the messages of a replay.
 */
export async function startReplay(
  request: ReplayRequest,
  options: StartOptions,
  { store, newId, now }: { store: OperateStore; newId: NewId; now: number },
): Promise<ReplayStart> {
  const name = nameOf(request);
  const run = newId(now);
  for (;;) {
    const found = await findReplay(request, options, store);
    if (found.status === 'done before' || found.status === 'overlaps') return found;
    if (found.status === 'unfinished') {
      // The first try had written it, and its answer was lost.
      if (found.note.run === run) return { status: 'new', note: found.note };
      const note = { ...found.note, run, notedAt: now };
      if (await store.changeReplay(found.note, note)) return { status: 'resumed', note };
      continue;
    }
    for (const other of await listOverlapping(request, store)) {
      await store.changeReplay(other, { ...other, endedAt: now, abandonedBy: options.by });
    }
    const note: ReplayNote = {
      ...{ name, request, run, by: options.by, startedAt: now, notedAt: now },
      replayId: newId(now),
      next: pageOf(request.from),
      sent: 0,
    };
    if (!(await store.changeReplay(found.before, note))) continue;
    // Another one that began in the same moment sees this one, or is seen here.
    const others = await listOverlapping(request, store);
    if (others.length === 0) return { status: 'new', note };
    await store.changeReplay(note, { ...note, endedAt: now, abandonedBy: options.by });
    return { status: 'overlaps', others };
  }
}

/** The result of one page of a replay. */
export interface ReplayedPage {
  readonly page: Page;
  readonly sent: number;
  readonly refused: readonly RefusedEntry[];
  /** Whether it had expired before it was read: what was left of it was delivered. */
  readonly isExpired: boolean;
  /** Why the replay ended with this page, before its end. `undefined` as long as it goes on. */
  readonly stoppedBy?: DeliveryError | 'taken over';
}

/** Entries that are sent together. */
const sentTogether = 100;
/** Pages after which progress is noted even if nothing was in them. */
const pagesPerNote = 100;

/**
 * Delivers page after page again, and notes how far it came.
 *
 * One that breaks off is resumed from the page that it was at: what that page had delivered already is delivered again,
 * with the same replay id. It stops after the page at which another run took it over, or somebody abandoned it.
 */
export async function* runReplay(
  request: ReplayRequest,
  begun: ReplayNote,
  ports: ReplayPorts,
): AsyncGenerator<ReplayedPage> {
  const { source, clock } = ports;
  let note = begun;
  const advance = async (over: Partial<ReplayNote>): Promise<boolean> => {
    const after = { ...note, ...over, notedAt: clock.now() };
    const isOurs = await source.store.changeReplay(note, after);
    note = after;
    return isOurs;
  };
  let { sent, expiredPages = 0 } = begun;
  for (const [index, page] of pagesOfReplay(request, begun.next).entries()) {
    const result = await replayPage(page, request, { note, ports });
    sent += result.sent;
    expiredPages += result.isExpired ? 1 : 0;
    const isStopped = result.stoppedBy !== undefined;
    const isNoted = result.sent > 0 || result.isExpired || index % pagesPerNote === 0;
    const progress = {
      next: pageAfter(page, 1),
      sent,
      ...(expiredPages > 0 ? { expiredPages } : {}),
    };
    yield result;
    if (isStopped) return;
    if (isNoted && !(await advance(progress))) {
      yield takenOver(page);
      return;
    }
  }
  const next = pageAfter(pageOf(request.to - 1), 1);
  const isEnded = await advance({ next, sent, endedAt: clock.now() });
  if (!isEnded) yield takenOver(next);
}

function takenOver(page: Page): ReplayedPage {
  return { page, sent: 0, refused: [], isExpired: false, stoppedBy: 'taken over' };
}

async function replayPage(
  page: Page,
  request: ReplayRequest,
  { note, ports }: { note: ReplayNote; ports: ReplayPorts },
): Promise<ReplayedPage> {
  let sent = 0;
  const refused: RefusedEntry[] = [];
  const { parts, isWhole } = readReplayable(page, request, ports.source);
  for await (const part of parts) {
    for (const together of inParts(part, sentTogether)) {
      await ports.pace(together.length);
      const result = await sendAgain(together, note.replayId, ports);
      sent += result.sent;
      refused.push(...result.refused);
      const { stoppedBy } = result;
      if (stoppedBy !== undefined) return { page, sent, refused, isExpired: false, stoppedBy };
    }
  }
  return { page, sent, refused, isExpired: !(await isWhole()) };
}

/** How much a replay would deliver. */
export interface ReplayCount {
  readonly pages: number;
  readonly entries: number;
  /** Of them, those that were discarded: only their skip notice is sent again. */
  readonly skipNotices: number;
  readonly byType: Readonly<Record<string, number>>;
}

interface CountContext {
  readonly source: ReplaySource;
  /** The first page to count. @default - the request's first */
  readonly start?: Page;
  /** Where it would be delivered to. */
  readonly destinations: readonly { readonly types?: TypeFilter }[];
}

const parallelPages = 8;

/** Counts what a replay would deliver. Reads all the pages, as the replay will. */
export async function countReplayable(
  request: ReplayRequest,
  { destinations, source, start }: CountContext,
): Promise<ReplayCount> {
  const pages = pagesOfReplay(request, start);
  const byType = new Map<string, number>();
  let skipNotices = 0;
  await inParallel(pages, parallelPages, async (page) => {
    for await (const all of readReplayable(page, request, source).parts) {
      const part = all.filter(({ entry }) => isWanted(entry, destinations));
      for (const { entry } of part) byType.set(entry.type, (byType.get(entry.type) ?? 0) + 1);
      skipNotices += part.filter(({ skipped }) => skipped === true).length;
    }
  });
  const entries = [...byType.values()].reduce((sum, number) => sum + number, 0);
  return { pages: pages.length, entries, skipNotices, byType: Object.fromEntries(byType) };
}

function isWanted({ type }: Entry, destinations: CountContext['destinations']): boolean {
  return destinations.some(({ types }) => matchesType(types, type));
}
