import { groupBy } from '../../core/group-by.ts';
import { nameOfQueue } from '../aws/queues.ts';
import { count, renderTable } from '../view/table.ts';
import type { BroughtBack } from './bring-back.ts';
import { kindOf, type Kind } from './kind.ts';
import { toDeadLetter, type DeadLetter, type QueueMessage } from './message.ts';
import { hiddenSeconds } from './receive.ts';

/** What the plan of a redrive needs of a message: not its body. */
export interface SeenMessage {
  readonly kind: Kind;
  readonly letter: DeadLetter;
}

export function toSeen(message: QueueMessage): SeenMessage {
  return { kind: kindOf(message), letter: toDeadLetter(message) };
}

/** What is in a dead-letter queue and where it goes, for a person to judge. */
export function describeQueue(
  some: readonly SeenMessage[],
  { from, to, messages }: { from: string; to: string | undefined; messages: number },
  width: number | undefined,
): string {
  if (some.length === 0) return `${describeNone(from, messages)}\n`;
  const groups = groupBy(some, (message) => JSON.stringify(rowOf(message, to)));
  const rows = [...groups].map(([row, { length }]) => [...(JSON.parse(row) as string[]), length]);
  const table = renderTable(['what', 'error', 'goes to', 'messages'], rows, width);
  const cut = messages > some.length ? `, of which ${some.length} were looked at` : '';
  return `${table}\n\n${count(messages, 'message')}${cut}\n`;
}

/** What it means that a queue shows nothing: it is empty, or who looked before still hides what is in it. */
export function describeNone(queueUrl: string, messages: number): string {
  const name = nameOfQueue(queueUrl);
  return messages === 0
    ? `${name} is empty.`
    : `${name} shows none of its ${count(messages, 'message')}: somebody received them just now. Look again in ${hiddenSeconds} seconds.`;
}

/** What was brought back. */
export function describeBroughtBack({ moved, deleted, left, ...rest }: BroughtBack): string {
  const leftAlone = left === 0 ? '' : `left alone: ${left}\n`;
  return `brought back: ${count(moved, 'message')}\ndeleted: ${count(deleted, 'note')}\n${leftAlone}${describeRest(rest)}`;
}

/** What a command left of what it was to change, and why. */
export function describeRest({
  cameBack,
  arrived,
  isCut,
}: Pick<BroughtBack, 'cameBack' | 'arrived' | 'isCut'>): string {
  const lines = [
    cameBack === 0 ? '' : `came back at once, and left: ${cameBack}\n`,
    arrived === 0 ? '' : `arrived meanwhile, and left: ${arrived}; run it again\n`,
    isCut ? 'The queue holds more messages than one run looks at; run it again.\n' : '',
  ];
  return lines.join('');
}

function rowOf({ kind, letter }: SeenMessage, to: string | undefined): string[] {
  const { type = '', reason = '' } = letter;
  switch (kind.kind) {
    case 'message':
      return [type, reason, nameOfQueue(kind.target ?? to ?? 'unknown: say --to')];
    case 'batch':
      return ['note of a batch given up', '', 'nowhere: it is deleted, the sweeper delivers'];
    case 'foreign':
      return ['no message of an outbox', reason, 'nowhere: it is left alone'];
  }
}
