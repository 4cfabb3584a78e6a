import type { Entry } from '../table/entry.ts';
import { OutboxError } from '../core/errors.ts';
import { timeOfId } from '../table/keys.ts';
import type { OutboxEvent } from '../events/event.ts';
import { openExpectations, type Missing } from './expectations.ts';
import { withoutRepaired } from './repair.ts';
import type { ReconciliationPorts } from './options.ts';
import { pagesOfWindow, readPage, shardsEver, type WrittenPage } from './read.ts';
import { unknownTo, type Unknown } from './unknown-to.ts';
import { deliveryGraceMs, type ReconciliationWindow } from './window.ts';

/** What comparing takes. */
export interface ComparePorts extends Omit<ReconciliationPorts, 'repair'> {
  /** Whether the time is nearly up. */
  readonly isLate: () => boolean;
  /** Called from time to time: the run is alive. */
  readonly keepAlive: () => Promise<void>;
}

/** What should be and is not. */
export interface Findings {
  /** How many events were expected, and how many looked at. */
  readonly expected: number;
  readonly events: number;
  readonly missing: readonly Missing[];
  readonly unknown: readonly Unknown[];
}

/**
 * Compares what should be with what is.
 *
 * @throws OutboxError `HANDLER_TIMEOUT`: half a comparison would find missing what is there
 */
export async function compare(
  window: ReconciliationWindow,
  ports: ComparePorts,
): Promise<Findings> {
  const { settings, clock, reader } = ports;
  const now = clock.now();
  const arrivedBy = now - deliveryGraceMs;
  // Items before events: an event that is written meanwhile is found, not missed.
  const expected: OutboxEvent[] = [];
  for await (const event of ports.expected(window)) {
    expected.push(event);
    await ports.keepAlive();
  }
  const expectations = openExpectations(expected, { window, name: settings.name });
  const outbox = { ...settings, reader };
  const shards = await shardsEver(outbox);
  const unknown: Unknown[] = [];
  let events = 0;
  for (const page of pagesOfWindow(window)) {
    checkTime(ports);
    await ports.keepAlive();
    const written = await readPage(page, { ...outbox, shards });
    events += written.entries.length;
    for (const entry of written.entries) expectations.see(entry);
    unknown.push(...(await findUnknown(delivered(written, { window, arrivedBy }), ports)));
  }
  const missing = await withoutRepaired(expectations.unmet(), window, ports);
  return { expected: expected.length, events, missing, unknown };
}

/** Entries of the window whose delivery is long enough ago to have arrived. */
function delivered(
  { entries, publishedAt }: WrittenPage,
  { window, arrivedBy }: { window: ReconciliationWindow; arrivedBy: number },
): Entry[] {
  return entries.filter(({ id }) => {
    const time = timeOfId(id);
    const isInWindow = window.since <= time && time < window.until;
    return isInWindow && (publishedAt.get(id) ?? Infinity) < arrivedBy;
  });
}

async function findUnknown(
  entries: readonly Entry[],
  { settings, reader, clock }: ComparePorts,
): Promise<Unknown[]> {
  const found: Unknown[] = [];
  for (const consumer of settings.consumers) {
    const unknown = await unknownTo(consumer, entries, { reader, now: clock.now() });
    found.push(...unknown.map((entry) => ({ entry, consumer })));
  }
  return found;
}

function checkTime({ settings: { name, windowMs }, isLate }: ComparePorts): void {
  if (!isLate()) return;
  throw new OutboxError(
    'HANDLER_TIMEOUT',
    `reconciliation ${name} did not get through its window of ${windowMs} ms in time: ` +
      'raise the timeout or the memory of the function, or make the window shorter',
    { details: { reconciliation: name, windowMs } },
  );
}
