import { inParallel } from '../core/in-parallel.ts';
import type { Unknown } from './unknown-to.ts';
import type { Missing } from './expectations.ts';
import { sendAgain, writeMissing } from './mend.ts';
import type { Run } from './mend-alone.ts';
import { toMissing, toUnknown, type MissingEvent, type UnknownDelivery } from './report.ts';

/** What mending all that was found takes. */
export interface MendAllPorts {
  readonly run: Run;
  /** The reconciliation, and the outbox's table. */
  readonly settings: { readonly name: string; readonly tableName: string };
  /** Whether the time is nearly up. */
  readonly isLate: () => boolean;
}

const atOnce = 10;

/** Whether the next finding may be mended: there is time, and no other run has taken over. Says so where one is left. */
async function mayGoOn({ run, isLate }: MendAllPorts): Promise<boolean> {
  await run.keepAlive();
  const isLeft = isLate() || run.isLost();
  if (isLeft) run.leaveRest();
  return !isLeft;
}

/** Writes what is missing as long as there is time. Says of each whether it was written. */
export async function mendMissing(
  all: readonly Missing[],
  ports: MendAllPorts,
): Promise<MissingEvent[]> {
  const { mend, window } = ports.run;
  return inParallel(all, atOnce, async (missing) => {
    const isTried = mend !== undefined && (await mayGoOn(ports));
    const writtenAs = isTried
      ? await writeMissing(missing, window, { ...ports.settings, mend })
      : undefined;
    if (isTried && writtenAs === undefined) ports.run.leaveRest();
    return toMissing(missing.event, writtenAs);
  });
}

/** Sends what is unknown to its inbox again, as long as there is time. Says of each whether it was sent. */
export async function mendUnknown(
  unknown: readonly Unknown[],
  ports: MendAllPorts,
): Promise<UnknownDelivery[]> {
  const { mend } = ports.run;
  return inParallel(unknown, atOnce, async ({ entry, consumer }) => {
    const isTried = mend !== undefined && (await mayGoOn(ports));
    const isSent = isTried && (await sendAgain(entry, consumer, mend));
    if (isTried && !isSent) ports.run.leaveRest();
    return toUnknown(entry, consumer.inbox, isSent);
  });
}
