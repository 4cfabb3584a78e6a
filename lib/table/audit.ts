import type { Row } from './entry.ts';
import { padSequence } from './keys.ts';
import { pickDefined } from '../core/collections.ts';

/** What a person did to an entry, and why. */
export interface AuditNote {
  readonly id: string;
  readonly action: 'redrive' | 'discard' | 'skip' | 'adopt' | 'replay';
  /** Epoch milliseconds. */
  readonly at: number;
  readonly by: string;
  readonly reason: string;
  readonly eventId?: string;
  readonly aggregate?: string;
}

/** What notes are looked up by: an event, an aggregate, or neither for those about the outbox as a whole. */
export type AuditSubject = Pick<AuditNote, 'eventId' | 'aggregate'>;

const prefix = 'audit#';
const wholeOutbox = 'outbox';

/** The partition keys of notes, as a pattern of IAM's. */
export const auditPattern = `${prefix}*`;

/** Partition key of the notes about an event, or else about an aggregate. In it they lie by time. */
export function auditKey({ eventId, aggregate }: AuditSubject): string {
  return `${prefix}${eventId ?? aggregate ?? wholeOutbox}`;
}

/**
 * The outbox table's rows of a note: one under its event and one under its aggregate, so that either finds it.
 * They do not expire, and writing a note again changes nothing.
 */
export function auditToRows(note: AuditNote): Row[] {
  const { eventId, aggregate } = note;
  const subjects: AuditSubject[] = [
    ...(eventId === undefined ? [] : [{ eventId }]),
    ...(aggregate === undefined ? [] : [{ aggregate }]),
  ];
  const sk = `${padSequence(note.at)}#${note.id}`;
  return (subjects.length === 0 ? [{}] : subjects).map((subject) => ({
    pk: auditKey(subject),
    sk,
    ...note,
  }));
}

export function rowToAudit(row: Row): AuditNote {
  return pickDefined(row as unknown as AuditNote, [
    'id',
    'action',
    'at',
    'by',
    'reason',
    'eventId',
    'aggregate',
  ]);
}
