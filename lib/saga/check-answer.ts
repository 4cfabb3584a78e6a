import { types } from 'node:util';

import { sagaInvalid } from './saga-invalid.ts';

/** Refuses a promise that a handler answered with, or a `when`: what it did or said later would be lost without a word. */
export function checkAnswer({ name }: { readonly name: string }, answer: unknown): void {
  if (!types.isPromise(answer)) return;
  answer.catch(() => undefined);
  throw sagaInvalid(
    name,
    'its handlers, and what says whether an event confirms, cannot be async: have them emit a command, and answer the event that answers it',
  );
}
