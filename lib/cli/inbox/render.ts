import type { InboxQueue } from '../aws/inbox-queue.ts';
import type { DeadLetter } from '../queues/message.ts';
import { renderFacts, renderTable, type View } from '../view/table.ts';
import { duration, moment, relative } from '../view/time.ts';

/** Heads of what is known of an inbox's queue. */
export const queueHead = ['messages', 'oldest', 'mapping'] as const;

export function queueCells({ messages, oldestMs, mapping }: InboxQueue): (string | number)[] {
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
  const facts: [string, string | undefined][] = [
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
    facts.filter((fact): fact is [string, string] => fact[1] !== undefined),
    width,
  );
}

const shownChars = 60;

function shorten(text: string): string {
  return text.length <= shownChars ? text : `${text.slice(0, shownChars - 1)}…`;
}
