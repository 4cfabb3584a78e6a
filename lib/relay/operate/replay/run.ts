import { pageAfter, pageOf, type Page } from '../../../contract/keys.ts';
import type { ReplayNote } from '../../../contract/replay.ts';
import type { DeliveryError } from '../../../contract/waiting.ts';
import type { NewId } from '../../../runtime/ports.ts';
import type { OperateStore } from '../../operate-store.ts';
import { inParts } from '../../in-parts.ts';
import type { Pace } from '../pace.ts';
import { readReplayable, type ReplaySource } from './pages.ts';
import { nameOf, pagesOf, type ReplayRequest } from './request.ts';
import { sendAgain, type RefusedEntry, type SendAgainPorts } from './send-again.ts';

/** What a replay needs of the world. */
export interface ReplayPorts extends SendAgainPorts {
  readonly source: ReplaySource;
  readonly pace: Pace;
}

/** Where a replay begins, or goes on. */
export type ReplayStart =
  | { readonly status: 'new' | 'resumed'; readonly note: ReplayNote }
  /** The same was replayed before, to its end. */
  | { readonly status: 'done before'; readonly note: ReplayNote };

/**
 * Begins a replay, or finds where the same one broke off. What was replayed to its end is replayed again
 * only where `again` says so, under a new id: consumers drop what they had of a replay before.
 */
export async function startReplay(
  request: ReplayRequest,
  { again, by }: { again: boolean; by: string },
  { store, newId, now }: { store: OperateStore; newId: NewId; now: number },
): Promise<ReplayStart> {
  const name = nameOf(request);
  const known = await store.readReplay(name);
  if (known !== undefined && known.endedAt === undefined) return { status: 'resumed', note: known };
  if (known !== undefined && !again) return { status: 'done before', note: known };
  const note = {
    name,
    replayId: newId(now),
    next: pageOf(request.from),
    sent: 0,
    by,
    startedAt: now,
  };
  return { status: 'new', note };
}

/** What a page of a replay came to. */
export interface ReplayedPage {
  readonly page: Page;
  readonly sent: number;
  readonly refused: readonly RefusedEntry[];
  /** Why the replay ended with this page, before its end. */
  readonly stoppedBy?: DeliveryError;
}

/** Entries that are sent together. */
const sentTogether = 100;
/** Pages after which it is noted how far the replay came, where there was nothing in them. */
const pagesPerNote = 100;

/**
 * Delivers page after page again, and notes how far it came.
 *
 * One that breaks off, in whatever way, is gone on with from the page that it was at: what that page had
 * delivered already is delivered again, with the same replay id.
 */
export async function* runReplay(
  request: ReplayRequest,
  note: ReplayNote,
  ports: ReplayPorts,
): AsyncGenerator<ReplayedPage> {
  const { store } = ports.source;
  await store.noteReplay(note);
  let sent = note.sent;
  for (const [index, page] of pagesOf(request, note.next).entries()) {
    const result = await replayPage(page, request, { note, ports });
    yield result;
    if (result.stoppedBy !== undefined) return;
    sent += result.sent;
    if (result.sent === 0 && index % pagesPerNote !== 0) continue;
    await store.noteReplay({ ...note, next: pageAfter(page, 1), sent });
  }
  const next = pageAfter(pageOf(request.to - 1), 1);
  await store.noteReplay({ ...note, next, sent, endedAt: ports.clock.now() });
}

async function replayPage(
  page: Page,
  request: ReplayRequest,
  { note, ports }: { note: ReplayNote; ports: ReplayPorts },
): Promise<ReplayedPage> {
  let sent = 0;
  const refused: RefusedEntry[] = [];
  const context = { source: ports.source, now: ports.clock.now() };
  for await (const part of readReplayable(page, request, context)) {
    for (const together of inParts(part, sentTogether)) {
      await ports.pace(together.length);
      const result = await sendAgain(together, note.replayId, ports);
      sent += result.sent;
      refused.push(...result.refused);
      const { stoppedBy } = result;
      if (stoppedBy !== undefined) return { page, sent, refused, stoppedBy };
    }
  }
  return { page, sent, refused };
}
