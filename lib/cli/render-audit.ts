import type { AuditNote } from '../table/audit.ts';
import { renderTable } from './view/table.ts';
import { moment } from './view/time.ts';

/** What people did, one a line; empty where nobody did anything. */
export function renderAudit(notes: readonly AuditNote[], width: number | undefined): string {
  if (notes.length === 0) return '';
  return renderTable(
    ['done', 'when', 'by', 'why'],
    notes.map(({ action, at, by, why }) => [action, moment(at), by, why]),
    width,
  );
}
