import { Option } from 'commander';

import { matchesType } from '../../core/event-types.ts';
import { OutboxError } from '../../core/errors.ts';
import { typeOption } from '../options.ts';
import { readDeadLetter, type QueueMessage } from '../queues/messages.ts';

/** What picks messages of an inbox's dead-letter queue. */
export interface DeadLetterFilter {
  readonly type?: string[];
  readonly reason?: string;
}

export const deadLetterOptions = (): Option[] => [
  typeOption(),
  new Option('--reason <code>', 'put aside for this reason only'),
];

/** Whether a message is asked for: by its own id or its event's, and by the filter. */
export function matchesFilter(
  message: QueueMessage,
  ids: readonly string[],
  { type: types, reason }: DeadLetterFilter,
): boolean {
  const letter = readDeadLetter(message);
  const isNamed =
    ids.length === 0 ||
    ids.some((id) => isSame(id, letter.messageId) || isSame(id, letter.eventId));
  return (
    isNamed &&
    matchesType(types, letter.type ?? '') &&
    (reason === undefined || isSame(reason, letter.reason))
  );
}

function isSame(typed: string, name: string | undefined): boolean {
  return typed.toLowerCase() === name?.toLowerCase();
}

/**
 * Refuses to change everything because nothing was said.
 *
 * @throws OutboxError `OPTION_INVALID`
 */
export function checkAsked(
  verb: string,
  ids: readonly string[],
  { type, reason, all }: DeadLetterFilter & { readonly all?: true },
): void {
  if (ids.length > 0 || type !== undefined || reason !== undefined || all === true) return;
  throw new OutboxError(
    'OPTION_INVALID',
    `say what to ${verb}: ids of messages or events, --type, --reason, or --all`,
    { details: {} },
  );
}
