import type { AuditNote } from '../../table/audit.ts';
import { definedOnly } from '../../core/pick.ts';
import type { ReplayNote, ReplayRequest } from '../../table/replay.ts';
import { moment } from '../view/time.ts';

/** The note of a replay on the record: of its aggregate, or of the outbox as a whole. */
export function noteOfReplay(
  { replayId, by, startedAt }: ReplayNote,
  { request, why }: { request: ReplayRequest; why: string },
): AuditNote {
  const { from, to, types, aggregate, destination } = request;
  const what = [
    `${moment(from)} to ${moment(to)}`,
    ...(types === undefined ? [] : [types.join(' ')]),
    ...(destination === undefined ? [] : [`to ${destination}`]),
    ...(why === '' ? [] : [why]),
  ];
  const text = what.join(', ');
  return {
    id: replayId,
    action: 'replay',
    at: startedAt,
    by,
    why: text,
    ...definedOnly({ aggregate }),
  };
}
