import type { Entry } from '../../contract/entry.ts';
import { OutboxError } from '../../contract/error.ts';
import { timeOfId } from '../../contract/keys.ts';
import type { OutboxEvent } from '../event/event.ts';
import { inParallel } from '../in-parallel.ts';
import { openExpectations } from './expectations.ts';
import { sendAgain, writeMissing } from './mend.ts';
import type { MendPorts, ReconciliationPorts } from './options.ts';
import { pagesOf, readPage, shardsEver, type WrittenPage } from './pages.ts';
import {
  toMissing,
  toUnknown,
  type MissingEvent,
  type ReconciliationReport,
  type UnknownDelivery,
} from './report.ts';
import { unknownTo } from './unknown-to.ts';
import type { ReconciliationWindow } from './window.ts';

/** What a run takes. */
export interface ComparePorts extends Omit<ReconciliationPorts, 'mend'> {
  /** `undefined` where this run only reports. */
  readonly mend: MendPorts | undefined;
  /** Whether the time is nearly up. */
  readonly isLate: () => boolean;
}

/** How long a delivered event may be under way to its inbox. */
const graceMs = 15 * 60_000;
/** Events that are written or sent again at once. */
const mendedAtOnce = 10;

/**
 * Compares, and mends what it finds unless it is told only to report.
 *
 * @throws OutboxError `HANDLER_TIMEOUT`: half a comparison would find missing what is there
 */
export async function compare(
  window: ReconciliationWindow,
  ports: ComparePorts,
): Promise<ReconciliationReport> {
  const { settings, clock, mend, reader } = ports;
  const now = clock.now();
  const arrivedBy = now - graceMs;
  // Items before events: an event that is written meanwhile is found, not missed.
  const expected: OutboxEvent[] = [];
  for await (const event of ports.expected(window)) expected.push(event);
  const expectations = openExpectations(expected);
  const outbox = { ...settings, reader };
  const shards = await shardsEver(outbox);
  const unknown: UnknownDelivery[] = [];
  let events = 0;
  // Until now: what an earlier run mended was written after the window.
  for (const page of pagesOf({ from: window.from, to: now })) {
    checkTime(ports);
    const written = await readPage(page, { ...outbox, shards });
    events += written.entries.length;
    for (const entry of written.entries) expectations.see(entry);
    unknown.push(...(await findUnknown(delivered(written, { window, arrivedBy }), ports)));
  }
  const missing = await mendMissing(expectations.unmet(), ports);
  const mode = mend === undefined ? 'report' : 'mend';
  return { ...window, mode, expected: expected.length, events, missing, unknown };
}

/** Entries of the window whose delivery is long enough ago to have arrived. */
function delivered(
  { entries, publishedAt }: WrittenPage,
  { window, arrivedBy }: { window: ReconciliationWindow; arrivedBy: number },
): Entry[] {
  return entries.filter(({ id }) => {
    const time = timeOfId(id);
    const isInWindow = window.from <= time && time < window.to;
    return isInWindow && (publishedAt.get(id) ?? Infinity) < arrivedBy;
  });
}

async function findUnknown(
  entries: readonly Entry[],
  { settings, reader, clock, log, mend, isLate }: ComparePorts,
): Promise<UnknownDelivery[]> {
  const found: UnknownDelivery[] = [];
  for (const consumer of settings.consumers) {
    const unknown = await unknownTo(consumer, entries, { reader, now: clock.now() });
    const reported = await inParallel(unknown, mendedAtOnce, async (entry) => {
      const isMended = mend !== undefined && !isLate();
      return toUnknown(entry, consumer.inbox, isMended && (await sendAgain(entry, consumer, mend)));
    });
    for (const one of reported) log.error('a delivered event is unknown to its inbox', { ...one });
    found.push(...reported);
  }
  return found;
}

async function mendMissing(
  events: readonly OutboxEvent[],
  { log, mend, isLate }: ComparePorts,
): Promise<MissingEvent[]> {
  const missing = await inParallel(events, mendedAtOnce, async (event) => {
    const isMended = mend !== undefined && !isLate();
    return toMissing(event, isMended && (await writeMissing(event, mend)));
  });
  for (const one of missing) log.error('a business item has no event', { ...one });
  return missing;
}

function checkTime({ settings: { name, windowMs }, isLate }: ComparePorts): void {
  if (!isLate()) return;
  throw new OutboxError(
    'HANDLER_TIMEOUT',
    `reconciliation ${name} did not get through its window of ${windowMs} ms in time: ` +
      'raise the timeout or the memory of the function, or make the window shorter',
    { facts: { reconciliation: name, windowMs } },
  );
}
