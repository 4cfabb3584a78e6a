import { definedOnly, pickDefined } from '../core/pick.ts';
import { isInvalidRow, isPageless, type Waiting } from '../table/waiting.ts';
import { receiptsFor } from '../delivery/receipts.ts';
import { settlementOf } from '../sweeper/settlement.ts';
import type { AuditNote, Settlement } from '../table/sweep-store.ts';
import { auditNote } from './audit.ts';
import type { Change } from './change.ts';
import type { Operator, OperatePorts } from './ports.ts';

/**
 * Gives a waiting entry up, on the record.
 *
 * One with a sequence is not taken away at once: its consumers would wait for its sequence for ever. The
 * sweeper delivers a skip notice in its place, when its turn has come, and then takes it away. With
 * `notice: false` nobody is told.
 */
export function discard(
  { notice, ...operator }: Operator & { readonly notice: boolean },
  ports: OperatePorts,
): Change {
  return async (before) => {
    const note = auditNote('discard', before, { operator, ports });
    const isDone =
      notice && hasSequence(before)
        ? await ports.store.changeWaiting(before, givenUp(before, note))
        : await ports.store.removeWaiting(before, settlement(before, note, ports));
    return { status: isDone ? 'done' : 'changed' };
  };
}

function hasSequence({ entry }: Waiting): boolean {
  return !isInvalidRow(entry) && entry.sequence !== undefined;
}

/** The row on its way out, with attempts of its own for the skip notice, which waits for its turn as the entry did. */
function givenUp(before: Waiting, { id, at, by, why }: AuditNote): Waiting {
  return {
    ...pickDefined(before, ['entry', 'missing', 'holds', 'error', 'tried', 'lastTriedAt']),
    ...(isPageless(before) ? { pageless: true } : {}),
    state: before.state === 'held' ? 'held' : 'retrying',
    attempts: 0,
    dueAt: at,
    giveUp: { id, at, by, why },
  };
}

function settlement({ entry }: Waiting, audit: AuditNote, ports: OperatePorts): Settlement {
  if (!isInvalidRow(entry)) return settlementOf(entry, audit, ports);
  const [receipt] = receiptsFor('discarded', { entries: [], invalidRows: [entry.key] }, ports);
  return { audit, ...definedOnly({ receipt }) };
}
