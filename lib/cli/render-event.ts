import type { Entry } from '../table/entry.ts';
import { pageOf, timeOfId } from '../table/keys.ts';
import type { Receipt } from '../table/receipt.ts';
import type { Waiting } from '../table/waiting.ts';
import type { EventTrail } from '../operate/find-event.ts';
import { renderFacts, renderTable, type View } from './view/table.ts';
import { moment, relative } from './view/time.ts';
import { renderAudit } from './render-audit.ts';

/** All that is known of an event, for a person. Its data only where `withData` says so. */
export function renderEvent(trail: EventTrail, { now, width }: View, withData: boolean): string {
  const { eventId, entry, invalid, waiting, receipts, audit } = trail;
  const blocks = [
    `Event ${eventId}: ${trail.status}`,
    entry === undefined ? invalidLine(invalid?.key) : renderFacts(entryFacts(entry, now), width),
    waiting === undefined ? '' : renderFacts(waitingFacts(waiting, now), width),
    renderReceipts(receipts),
    renderArchived(trail),
    renderAudit(audit, width),
    withData ? renderData(entry?.data ?? invalid?.json) : '',
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function renderReceipts(receipts: readonly Receipt[]): string {
  if (receipts.length === 0) return '';
  return renderTable(
    ['receipt', 'written'],
    receipts.map(({ outcome, time }) => [outcome, moment(time)]),
  );
}

function renderArchived({ archived }: EventTrail): string {
  if (archived === undefined) return '';
  const { outcome, outcomeAt } = archived;
  const said = outcome === 'unknown' ? 'no receipt was known' : outcome;
  return renderFacts([
    ['in the archive', outcomeAt === undefined ? said : `${said} ${moment(outcomeAt)}`],
  ]);
}

/** A payload, indented. What cannot be read as JSON stays as it is. */
export function renderData(json: string | undefined): string {
  if (json === undefined) return '';
  try {
    return JSON.stringify(JSON.parse(json), undefined, 2);
  } catch {
    return json;
  }
}

/** Facts of what waits, one by one. */
export function waitingFacts(waiting: Waiting, now: number): [string, string][] {
  const { state, dueAt, attempts, tried, missing, error, firstTriedAt, giveUp } = waiting;
  const facts: [string, string | undefined][] = [
    ['waits', giveUp === undefined ? state : `discarding (${state})`],
    [state === 'parked' ? 'since' : 'due', `${moment(dueAt)} (${relative(dueAt, now)})`],
    ['attempts', String(attempts)],
    ['first tried', momentIfAny(firstTriedAt)],
    ['tried', tried?.map(({ at, code }) => `${moment(at)}  ${code}`).join('\n')],
    ['missing at', missing?.join(', ')],
    ['error', error && `${error.code}: ${error.message}`],
    ['given up', giveUp && `${moment(giveUp.at)} by ${giveUp.by}: ${giveUp.why}`],
  ];
  return facts.filter((fact): fact is [string, string] => isSaid(fact[1]));
}

function entryFacts(entry: Entry, now: number): [string, string][] {
  const at = timeOfId(entry.id);
  const facts: [string, string | undefined][] = [
    ['type', `${entry.type}, version ${entry.version}`],
    ['aggregate', entry.aggregate],
    ['sequence', entry.sequence?.toString()],
    ['written', `${moment(at)} (${relative(at, now)}), page ${pageOf(at)}`],
    ['correlation', entry.correlationId],
    ['causation', entry.causationId],
    ['traceparent', entry.traceparent],
    ['tenant', entry.tenant],
    ['data', `${Buffer.byteLength(entry.data)} bytes`],
  ];
  return facts.filter((fact): fact is [string, string] => isSaid(fact[1]));
}

function invalidLine(key: { pk: string; sk: string } | undefined): string {
  return key === undefined ? '' : `The row ${key.pk} / ${key.sk} is no valid entry.`;
}

function momentIfAny(at: number | undefined): string | undefined {
  return at === undefined ? undefined : moment(at);
}

function isSaid(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
