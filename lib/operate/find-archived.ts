import type { ArchivedEntry, ArchivedOutcome } from '../table/archive-line.ts';
import { definedOnly } from '../core/pick.ts';
import type { EventStatus, EventTrail } from './find-event.ts';

/** Finds an event in an archive, by its id. */
export interface ArchivedEvents {
  find(eventId: string): Promise<ArchivedEntry | undefined>;
}

/** Whether the table has lost what a trail is of, or never had it. */
export function isGone({ entry, invalid }: EventTrail): boolean {
  return entry === undefined && invalid === undefined;
}

/** The trail of an event that the table does not hold any more, with what the archive says of it. */
export async function withArchived(
  trail: EventTrail,
  archive: ArchivedEvents,
): Promise<EventTrail> {
  const found = await archive.find(trail.eventId);
  if (found === undefined) return trail;
  const { entry, outcome, outcomeAt } = found;
  return {
    ...trail,
    // Receipts are kept for longer than the entry where it waited for long: they know better.
    status: trail.status === 'unknown' ? archivedStatusOf(outcome) : trail.status,
    entry,
    archived: { outcome, ...definedOnly({ outcomeAt }) },
  };
}

/** What waited when it was archived, and does not any more, was published or given up since. */
function archivedStatusOf(outcome: ArchivedOutcome): EventStatus {
  return outcome === 'published' || outcome === 'discarded' ? outcome : 'settled';
}
