import type { InvocationContext } from '../inbox/deadline.ts';
import { onFirstUse, reconciliationFrom, type ReconciliationSettings } from '../settings.ts';
import { compare } from './compare.ts';
import { mendAlone } from './mend-alone.ts';
import { mendMissing, mendUnknown } from './mend-all.ts';
import { toPorts, type ReconciliationOptions } from './options.ts';
import { tell, type ReconciliationReport } from './report.ts';
import { windowOf } from './window.ts';

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
 * export const handler = createReconciliation({
 *   expected: async function* ({ from, to }) {
 *     for await (const order of ordersBetween(from, to)) yield OrderPlaced(order.id, { … });
 *   },
 * });
 * ```
 *
 * Both find what no transaction prevents: a writer that leaves its event out, rows changed by hand, a rule or
 * subscription that no longer matches, messages lost after they were accepted. What it finds is reported by
 * ids, to its answer, the log and metrics; in the mode `mend` missing events are written, and events that an
 * inbox does not know are sent to its queue once more, as the same message. One run mends at a time: another one
 * that comes meanwhile only reports.
 *
 * Each run looks at the construct's `window` up to now; invoked by hand with `{ "from": …, "to": … }`, at that.
 * Reads each page from the window's beginning until now once, and no table whole. An event that was delivered less than 15 minutes ago
 * may still be on its way, and is not looked for yet. Unknown, and sent again by each run that mends, are also those
 * that a consumer is so far behind with, those in a dead-letter queue, and those that a person discarded there.
 * Where the time is nearly up nothing more is mended: the report says what was, and the next run goes on.
 *
 * Its settings are the variables that the `Reconciliation` construct sets. They are read on first use, or inside Lambda
 * at once; then `ENVIRONMENT_MISSING`, `ENVIRONMENT_INVALID` or `OUTBOX_MISSING` is thrown where they are not right.
 *
 * @throws OutboxError from the handler: `HANDLER_TIMEOUT` where its time does not suffice to compare,
 * `OPTION_INVALID` where it was asked for a window that is none
 */
export function createReconciliation(options: ReconciliationOptions = {}): Reconciliation {
  const opened = onFirstUse(options, (environment) =>
    openReconciliation(reconciliationFrom(environment), options),
  );
  return async (event, context) => opened()(event, context);
}

/**
 * A reconciliation whose settings are known.
 *
 * @throws OutboxError `OUTBOX_MISSING`
 */
export function openReconciliation(
  settings: ReconciliationSettings,
  options: ReconciliationOptions = {},
): Reconciliation {
  const ports = toPorts(settings, options);
  return async (event, context = {}) => {
    const { windowMs } = settings;
    const window = windowOf(event, { windowMs, now: ports.clock.now() });
    const timeLeftMs = (): number => context.getRemainingTimeInMillis?.() ?? Infinity;
    const isLate = (): boolean => timeLeftMs() <= reserveMs;
    const run = { ...ports, isLate };
    const found = await mendAlone(ports, timeLeftMs(), async (mend) => {
      const { missing, unknown, ...counts } = await compare(window, run);
      return {
        ...({ ...window, ...counts, mode: mend === undefined ? 'report' : 'mend' } as const),
        missing: await mendMissing(missing, { mend, isLate }),
        unknown: await mendUnknown(unknown, { mend, isLate }),
      };
    });
    return tell(found, ports);
  };
}

/** Kept back from the function's time for the report. */
const reserveMs = 5_000;
