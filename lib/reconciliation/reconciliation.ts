import type { InvocationContext } from '../inbox/deadline.ts';
import { onFirstUse, reconciliationFrom, type ReconciliationSettings } from '../outbox/settings.ts';
import { compare } from './compare.ts';
import { repairAlone, repairMissing, repairUnknown } from './repair.ts';
import { toReconciliationPorts, type ReconciliationOptions } from './options.ts';
import { tell, type ReconciliationReport } from './report.ts';
import { isAskedFor, windowOf } from './window.ts';

/**
 * A Lambda handler for a schedule. A person may invoke it by hand too, with a {@link ReconciliationRequest} or
 * without; what it answers with is for them.
 */
export type ReconciliationHandler = (
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
 * ids, to its answer, the log and metrics; in the mode `repair` missing events are written, and events that an
 * inbox does not know are sent to its queue once more, as the same message. One run repairs at a time: another one
 * that comes meanwhile only reports.
 *
 * Each run looks at the construct's `window` up to now; invoked by hand with `{ "from": …, "to": … }`, at that.
 * Reads each page of the window and of an hour around it once, and no table whole. An event that was delivered less than
 * 15 minutes ago may still be on its way, and is not looked for yet. Unknown, and sent again by each run that repairs, are also those
 * that a consumer is so far behind with, those in a dead-letter queue, and those that a person discarded there.
 * Where the time is nearly up nothing more is repaired: the report says what was. The next scheduled run begins where this
 * one began, at most 66 hours ago, and so it does after one that failed or died. After runs that never started it begins
 * where the last complete one ended.
 *
 * An event of the window, or of an hour around it, meets one expectation of its type and aggregate. Where an aggregate has
 * several of one type, give each its sequence: without it a lost one may be taken for another. What is repaired is noted in
 * the outbox's table with the event, so that no run writes it again, and carries the `causationId` `reconciliation/…`.
 *
 * Its settings are the variables that the `Reconciliation` construct sets. They are read on first use, or inside Lambda
 * at once; then `ENVIRONMENT_MISSING`, `ENVIRONMENT_INVALID` or `OUTBOX_MISSING` is thrown where they are not right.
 *
 * @throws OutboxError from the handler: `HANDLER_TIMEOUT` where its time does not suffice to compare,
 * `OPTION_INVALID` where it was asked for a window that is none
 */
export function createReconciliation(options: ReconciliationOptions = {}): ReconciliationHandler {
  const opened = onFirstUse(options, (environment, used) =>
    openReconciliation(reconciliationFrom(environment), used),
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
): ReconciliationHandler {
  const ports = toReconciliationPorts(settings, options);
  return async (event, context = {}) => {
    const { windowMs } = settings;
    const window = windowOf(event, { windowMs, now: ports.clock.now() });
    const timeLeftMs = (): number => context.getRemainingTimeInMillis?.() ?? Infinity;
    const isLate = (): boolean => timeLeftMs() <= reserveMs;
    const asked = { window, isScheduled: !isAskedFor(event) };
    const found = await repairAlone(ports, asked, async (run) => {
      const { keepAlive, repair } = run;
      const { missing, unknown, ...counts } = await compare(run.window, {
        ...ports,
        isLate,
        keepAlive,
      });
      const repairing = { run, settings, isLate };
      return {
        ...({
          ...run.window,
          ...counts,
          mode: repair === undefined ? 'report' : 'repair',
        } as const),
        missing: await repairMissing(missing, repairing),
        unknown: await repairUnknown(unknown, repairing),
      };
    });
    return tell(found, ports);
  };
}

/** Kept back from the function's time for the report. */
const reserveMs = 5_000;
