import { OutboxError } from '../../core/errors.ts';
import type { Place } from '../../table/ordered.ts';

/** Why an event is refused whose sequence another one has: `SEQUENCE_TAKEN`. */
export function sequenceTaken({ aggregate }: Place, sequence: number): OutboxError {
  return new OutboxError(
    'SEQUENCE_TAKEN',
    `another event of ${aggregate} has sequence ${sequence}: every sequence must have exactly one event, mend who writes them`,
    { facts: { aggregate, sequence } },
  );
}
