import type { Entry } from '../../contract/entry.ts';
import { OutboxError } from '../../contract/error.ts';
import { timeOfId } from '../../contract/keys.ts';
import type { OutboxEvent } from '../event/event.ts';
import type { InvocationContext } from '../inbox/deadline.ts';
import { openExpectations } from './expectations.ts';
import { sendAgain, writeMissing } from './mend.ts';
import { toPorts, type ReconciliationOptions, type ReconciliationPorts } from './options.ts';
import { pagesOf, readPage, shardsEver, type WrittenPage } from './pages.ts';
import type { ReconciliationSettings } from './reconciliation-from.ts';
import {
  tell,
  toMissing,
  toUnknown,
  type MissingEvent,
  type ReconciliationReport,
  type UnknownDelivery,
} from './report.ts';
import { unknownTo } from './unknown-to.ts';
import { windowOf, type ReconciliationWindow } from './window.ts';

/**
 * A Lambda handler for a schedule. A person may invoke it by hand too, with a {@link ReconciliationRequest} or
 * without; what it answers with is for them.
 */
export type Reconciliation = (
  event?: unknown,
  context?: InvocationContext,
) => Promise<ReconciliationReport>;

/**
 * Compares what should be with what is: business items with the events that were written with them, and
 * events that were delivered with what their consumers know.
 *
 * ```ts
 * export const handler = createReconciliation(reconciliationFrom(process.env), {
 *   expected: async function* ({ from, to }) {
 *     for await (const order of ordersBetween(from, to)) yield OrderPlaced(order.id, { … });
 *   },
 * });
 * ```
 *
 * Both find what no transaction prevents: a writer that leaves its event out, rows changed by hand, a rule or
 * subscription that no longer matches, messages lost after they were accepted. What it finds is reported by
 * ids, to its answer, the log and metrics; in the mode `mend` missing events are written, and events that an
 * inbox does not know are sent to its queue once more, as the same message.
 *
 * Each run looks at the construct's `window` up to now; invoked by hand with `{ "from": …, "to": … }`, at that.
 * Reads each page of the window once, and no table whole. An event that was delivered less than 15 minutes ago
 * may still be on its way, and is not looked for yet; one in a dead-letter queue is unknown, and is sent again
 * in each run that mends.
 *
 * @throws OutboxError `OUTBOX_MISSING`; the handler: `HANDLER_TIMEOUT` where its time does not suffice,
 * `OPTION_INVALID` where it was asked for a window that is none
 */
export function createReconciliation(
  settings: ReconciliationSettings,
  options: ReconciliationOptions = {},
): Reconciliation {
  const ports = toPorts(settings, options);
  return async (event, context) => {
    const { windowMs } = settings;
    const window = windowOf(event, { windowMs, now: ports.clock.now() });
    const report = await reconcile(window, ports, context);
    tell(report, { name: settings.name, ...ports });
    return report;
  };
}

/** How long a delivered event may be under way to its inbox. */
const graceMs = 15 * 60_000;
/** Kept back from the function's time for the report. */
const reserveMs = 5_000;

async function reconcile(
  window: ReconciliationWindow,
  ports: ReconciliationPorts,
  context: InvocationContext | undefined,
): Promise<ReconciliationReport> {
  const { settings, clock } = ports;
  const arrivedBy = clock.now() - graceMs;
  // Items before events: an event that is written meanwhile is found, not missed.
  const expected: OutboxEvent[] = [];
  for await (const event of ports.expected(window)) expected.push(event);
  const expectations = openExpectations(expected);
  const outbox = { ...settings, reader: ports.reader };
  const shards = await shardsEver(outbox);
  const unknown: UnknownDelivery[] = [];
  let events = 0;
  for (const page of pagesOf(window)) {
    checkTime(settings, context);
    const written = await readPage(page, { ...outbox, shards });
    events += written.entries.length;
    for (const entry of written.entries) expectations.see(entry);
    unknown.push(...(await findUnknown(delivered(written, window, arrivedBy), ports)));
  }
  const missing = await mendMissing(expectations.unmet(), ports);
  const { mode } = settings;
  return { ...window, mode, expected: expected.length, events, missing, unknown };
}

/** Entries of the window whose delivery is long enough ago to have arrived. */
function delivered(
  { entries, publishedAt }: WrittenPage,
  { from, to }: ReconciliationWindow,
  arrivedBy: number,
): Entry[] {
  return entries.filter(({ id }) => {
    const time = timeOfId(id);
    return from <= time && time < to && (publishedAt.get(id) ?? Infinity) < arrivedBy;
  });
}

async function findUnknown(
  entries: readonly Entry[],
  { settings, reader, clock, mend }: ReconciliationPorts,
): Promise<UnknownDelivery[]> {
  const found: UnknownDelivery[] = [];
  for (const consumer of settings.consumers) {
    const unknown = await unknownTo(consumer, entries, { reader, now: clock.now() });
    for (const entry of unknown) {
      const isSent = mend !== undefined && (await sendAgain(entry, consumer, mend));
      found.push(toUnknown(entry, consumer.inbox, isSent));
    }
  }
  return found;
}

async function mendMissing(
  events: readonly OutboxEvent[],
  { mend }: ReconciliationPorts,
): Promise<MissingEvent[]> {
  const missing: MissingEvent[] = [];
  for (const event of events) {
    const isWritten = mend !== undefined && (await writeMissing(event, mend));
    missing.push(toMissing(event, isWritten));
  }
  return missing;
}

function checkTime({ name, windowMs }: ReconciliationSettings, context?: InvocationContext): void {
  const left = context?.getRemainingTimeInMillis?.() ?? Infinity;
  if (left > reserveMs) return;
  throw new OutboxError(
    'HANDLER_TIMEOUT',
    `reconciliation ${name} did not get through its window of ${windowMs} ms in time: ` +
      'raise the timeout or the memory of the function, or make the window shorter',
    { facts: { reconciliation: name, windowMs } },
  );
}
