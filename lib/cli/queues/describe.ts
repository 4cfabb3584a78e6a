import { groupBy } from '../../contract/group-by.ts';
import { nameOfQueue } from '../aws/queues.ts';
import { count, renderTable } from '../view/table.ts';
import type { BroughtBack } from './bring-back.ts';
import { kindOf } from './kind.ts';
import { toDeadLetter, type QueueMessage } from './message.ts';
import { hiddenSeconds } from './receive.ts';

/** What is in a dead-letter queue and where it goes, for a person to judge. */
export function describeQueue(
  some: readonly QueueMessage[],
  { from, to, messages }: { from: string; to: string | undefined; messages: number },
): string {
  if (some.length === 0) return `${describeNone(from, messages)}\n`;
  const groups = groupBy(some, (message) => JSON.stringify(rowOf(message, to)));
  const rows = [...groups].map(([row, { length }]) => [...(JSON.parse(row) as string[]), length]);
  const table = renderTable(['what', 'error', 'goes to', 'messages'], rows);
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
export function describeBroughtBack({ moved, deleted, left }: BroughtBack): string {
  const leftAlone = left === 0 ? '' : `left alone: ${left}\n`;
  return `brought back: ${count(moved, 'message')}\ndeleted: ${count(deleted, 'note')}\n${leftAlone}`;
}

function rowOf(message: QueueMessage, to: string | undefined): string[] {
  const kind = kindOf(message);
  const { type = '', reason = '' } = toDeadLetter(message);
  switch (kind.kind) {
    case 'message':
      return [type, reason, nameOfQueue(kind.target ?? to ?? 'unknown: say --to')];
    case 'batch':
      return ['note of a batch given up', '', 'nowhere: it is deleted, the sweeper delivers'];
    case 'foreign':
      return ['no message of an outbox', reason, 'nowhere: it is left alone'];
  }
}
