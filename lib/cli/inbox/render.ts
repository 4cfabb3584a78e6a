import { isUnplaced, type OpenGap, type Standing } from '../../inbox/ordered/gaps.ts';
import type { AuditNote } from '../../table/audit.ts';
import type { InboxQueueFacts } from '../aws/queues.ts';
import type { DeadLetter } from '../queues/messages.ts';
import { renderAudit } from '../show.ts';
import { duration, moment, relative } from '../view/format.ts';
import { renderFacts, renderTable, type View } from '../view/table.ts';

/** Heads of what is known of an inbox's queue. */
export const queueHead = ['messages', 'oldest', 'mapping'] as const;

export function queueCells({ messages, oldestMs, mapping }: InboxQueueFacts): (string | number)[] {
  const oldest = oldestMs === undefined ? 'unknown' : duration(oldestMs);
  return [messages ?? 'unknown', messages === 0 ? '' : oldest, mapping.toLowerCase()];
}

/** Messages in a dead-letter queue, one a line. */
export function renderDeadLetters(letters: readonly DeadLetter[], { now, width }: View): string {
  return renderTable(
    ['message', 'event', 'type', 'reason', 'detail', 'received', 'sent'],
    letters.map(({ messageId, eventId, type, reason, detail, receives, sentAt }) => [
      messageId,
      eventId ?? '',
      type ?? '',
      reason ?? '',
      shorten(detail ?? ''),
      receives,
      relative(sentAt, now),
    ]),
    width,
  );
}

/** One message, with all that is said of it. */
export function renderDeadLetter(letter: DeadLetter, { now, width }: View): string {
  const { messageId, eventId, type, aggregate, reason, detail, receives, sentAt } = letter;
  const details: [string, string | undefined][] = [
    ['message', messageId],
    ['event', eventId],
    ['type', type],
    ['aggregate', aggregate],
    ['reason', reason ?? 'none given: its handler failed too often'],
    ['detail', detail],
    ['received', `${receives} times`],
    ['sent', `${moment(sentAt)} (${relative(sentAt, now)})`],
  ];
  return renderFacts(
    details.filter((fact): fact is [string, string] => fact[1] !== undefined),
    width,
  );
}

const shownChars = 60;

function shorten(text: string): string {
  return text.length <= shownChars ? text : `${text.slice(0, shownChars - 1)}…`;
}

/** Aggregates of which messages wait, one a line. */
export function renderGaps(gaps: readonly OpenGap[], width: number | undefined): string {
  return renderTable(
    ['aggregate', 'handled up to', 'in the way', 'waits', 'stands still for', 'reason'],
    gaps.map((gap) => [
      gap.aggregate,
      String(gap.cursor.sequence ?? ''),
      sequencesOf(gap.inTheWay),
      String(gap.lowest?.sequence ?? ''),
      duration(gap.ageMs),
      whyOf(gap),
    ]),
    width,
  );
}

/** Where an inbox stands in an aggregate's history, and what people did about it. */
export function renderStanding(
  standing: Standing,
  audit: readonly AuditNote[],
  { now, width }: View,
): string {
  const details = [...placeFacts(standing, now), ...waitFacts(standing, now)];
  const told = details.filter((fact): fact is [string, string] => fact[1] !== undefined);
  return [renderFacts(told, width), renderAudit(audit, width)]
    .filter((block) => block !== '')
    .join('\n\n');
}

type Fact = [name: string, value: string | undefined];

function placeFacts({ aggregate, cursor }: Standing, now: number): Fact[] {
  const { sequence, eventId, movedAt, replay } = cursor;
  const end = replay?.reached === undefined ? 'done' : `up to ${replay.reached}`;
  return [
    ['aggregate', aggregate],
    ['handled up to', sequence === undefined ? 'nothing yet' : String(sequence)],
    ['event', eventId],
    ['last moved', movedAt === undefined ? undefined : when(movedAt, now)],
    ['replay', replay && `${replay.id}, ${end}`],
  ];
}

function waitFacts(standing: Standing, now: number): Fact[] {
  const { lowest, inTheWay } = standing;
  if (lowest === undefined) return [['waits', 'nothing']];
  return [
    ['in the way', sequencesOf(inTheWay)],
    ['waits', `${lowest.sequence}: event ${lowest.eventId}, since ${when(lowest.storedAt, now)}`],
    ['reason', whyOf(standing)],
  ];
}

function when(at: number, now: number): string {
  return `${moment(at)} (${relative(at, now)})`;
}

/** What keeps an aggregate's messages waiting. */
function whyOf(standing: Standing): string {
  const { cursor, lowest } = standing;
  const next = (cursor.sequence ?? 0) + 1;
  if (isUnplaced(standing)) return 'its beginning did not come';
  if (cursor.sequence === undefined) return 'a replay begins';
  if (lowest?.sequence !== next) return 'an earlier event did not come, or failed';
  return cursor.putBack === next
    ? 'it was put back on the queue'
    : 'it will be put back on the queue';
}

function sequencesOf(range: Standing['inTheWay']): string {
  if (range === undefined) return '';
  return range.from === range.to ? String(range.from) : `${range.from} to ${range.to}`;
}
