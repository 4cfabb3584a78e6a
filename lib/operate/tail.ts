import type { Entry } from '../table/entry.ts';
import { pageAfter, pageOf, pagesBetween, timeOfId, type Page } from '../table/keys.ts';
import type { Receipt, ReceiptOutcome } from '../table/receipt.ts';
import { pickDefined } from '../core/collections.ts';
import type { Clock } from '../core/ports.ts';
import type { Lookup } from '../table/stores.ts';

/** Something that happened to an event. */
export interface TailLine {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly what: 'written' | ReceiptOutcome;
  readonly eventId: string;
  /** Known where the event was seen being written. */
  readonly type?: string;
  readonly aggregate?: string;
  readonly sequence?: number;
}

export interface TailOptions {
  /** From when on, epoch milliseconds. */
  readonly since: number;
  readonly everyMs: number;
  readonly stop: AbortSignal;
}

/** Writers' clocks differ, and receipts are made before they are written: so much is looked at again. */
const overlapMs = 10_000;
/** How long a page is watched for receipts of what was seen in it. */
const watchedMs = 15 * 60_000;

/**
 * What is written and delivered, as it happens, until it is told to stop.
 *
 * Asks every shard of the pages in question for what is new. Of events that were deferred it shows no more than
 * that they were published, and not all of them: their pages are often past when they are delivered.
 */
export async function* tailEvents(
  store: Pick<Lookup, 'readSince'>,
  clock: Clock,
  { since, everyMs, stop }: TailOptions,
): AsyncGenerator<TailLine> {
  const seen: Seen = new Map();
  for (let from = since; ;) {
    const now = clock.now();
    for (const page of pagesToWatch(seen, { from: from - overlapMs, now })) {
      const { entries, receipts } = await store.readSince(page, from - overlapMs);
      const lines = [...entries.map(written), ...receipts.flatMap(settled)];
      yield* newLines(lines, seen).filter(({ at }) => at >= since);
    }
    from = now;
    await clock.sleep(everyMs);
    if (stop.aborted) return;
  }
}

/** What was seen of each event. */
type Seen = Map<string, TailLine[]>;

/** Those that something may be written to, and those of which something is not settled yet; forgets the rest. */
function pagesToWatch(seen: Seen, { from, now }: { from: number; now: number }): Page[] {
  const current = [...pagesBetween(pageOf(from), pageAfter(pageOf(now), 1))];
  const pages = new Set(current);
  for (const [id, lines] of seen) {
    const page = pageOf(timeOfId(id));
    const isOpen = lines.every(({ what }) => what === 'written' || what === 'waiting');
    if (isOpen && now - timeOfId(id) < watchedMs) pages.add(page);
    else if (!pages.has(page)) seen.delete(id);
  }
  return [...pages].toSorted();
}

/** The lines that were not seen before, those of an event with what is known of it. */
function newLines(lines: readonly TailLine[], seen: Seen): TailLine[] {
  return lines
    .toSorted((a, b) => a.at - b.at)
    .flatMap((line) => {
      const before = seen.get(line.eventId) ?? [];
      if (before.some(({ what }) => what === line.what)) return [];
      const [first = line] = before;
      const known = { ...pickDefined(first, ['type', 'aggregate', 'sequence']), ...line };
      seen.set(line.eventId, [...before, known]);
      return [known];
    });
}

function written(entry: Entry): TailLine {
  const { id } = entry;
  const known = pickDefined(entry, ['type', 'aggregate', 'sequence']);
  return { at: timeOfId(id), what: 'written', eventId: id, ...known };
}

function settled({ time, outcome, eventIds }: Receipt): TailLine[] {
  return eventIds.map((eventId) => ({ at: time, what: outcome, eventId }));
}
