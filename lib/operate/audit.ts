import { cutToBytes } from '../core/text.ts';
import { isInvalidRow, type Waiting } from '../table/waiting.ts';
import type { AuditNote } from '../table/sweep-store.ts';
import type { Operator, OperatePorts } from './ports.ts';

/** Bytes that are kept of a name and of a reason, so that they fit beside any entry. */
const maxNoteBytes = 1024;

/** The note of what a person does to what waits. Of a row that is no valid entry it names the row. */
export function auditNote(
  action: AuditNote['action'],
  { entry }: Waiting,
  { operator, ports }: { operator: Operator; ports: Pick<OperatePorts, 'clock' | 'newId'> },
): AuditNote {
  const at = ports.clock.now();
  const by = cutToBytes(operator.by, maxNoteBytes);
  const why = cutToBytes(operator.why, maxNoteBytes);
  const subject = isInvalidRow(entry)
    ? { eventId: `${entry.key.pk}/${entry.key.sk}` }
    : { eventId: entry.id, aggregate: entry.aggregate };
  return { id: ports.newId(at), action, at, by, why, ...subject };
}
