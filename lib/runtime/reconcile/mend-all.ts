import type { OutboxEvent } from '../event/event.ts';
import { inParallel } from '../in-parallel.ts';
import type { Unknown } from './compare.ts';
import { sendAgain, writeMissing } from './mend.ts';
import type { MendPorts } from './options.ts';
import { toMissing, toUnknown, type MissingEvent, type UnknownDelivery } from './report.ts';

/** What mending all that was found takes. */
export interface MendAllPorts {
  /** `undefined` where it is only reported. */
  readonly mend: MendPorts | undefined;
  /** Whether the time is nearly up. */
  readonly isLate: () => boolean;
}

const atOnce = 10;

/** Writes what is missing as long as there is time. Says of each whether it was written. */
export async function mendMissing(
  events: readonly OutboxEvent[],
  { mend, isLate }: MendAllPorts,
): Promise<MissingEvent[]> {
  return inParallel(events, atOnce, async (event) => {
    const isTried = mend !== undefined && !isLate();
    return toMissing(event, isTried && (await writeMissing(event, mend)));
  });
}

/** Sends what is unknown to its inbox again, as long as there is time. Says of each whether it was sent. */
export async function mendUnknown(
  unknown: readonly Unknown[],
  { mend, isLate }: MendAllPorts,
): Promise<UnknownDelivery[]> {
  return inParallel(unknown, atOnce, async ({ entry, consumer }) => {
    const isTried = mend !== undefined && !isLate();
    return toUnknown(entry, consumer.inbox, isTried && (await sendAgain(entry, consumer, mend)));
  });
}
