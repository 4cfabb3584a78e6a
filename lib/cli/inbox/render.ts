import type { DeadLetter } from '../queues/message.ts';
import { renderFacts, renderTable } from '../view/table.ts';
import { moment, relative } from '../view/time.ts';

/** Messages in a dead-letter queue, one a line. */
export function renderDeadLetters(letters: readonly DeadLetter[], now: number): string {
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
  );
}

/** One message, with all that is said of it. */
export function renderDeadLetter(letter: DeadLetter, now: number): string {
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
  return renderFacts(facts.filter((fact): fact is [string, string] => fact[1] !== undefined));
}

const shownChars = 60;

function shorten(text: string): string {
  return text.length <= shownChars ? text : `${text.slice(0, shownChars - 1)}…`;
}
