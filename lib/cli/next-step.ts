import { isInvalidRow, type Waiting } from '../table/waiting.ts';
import { summaryOf } from '../table/waiting-summary.ts';
import { hint, quoted } from './hint.ts';
import type { CommonOptions } from './options.ts';
import { referenceOf } from './view/waiting.ts';

/** What a person can do about what waits, and what to type for it. */
export function nextStep(waiting: Waiting, options: CommonOptions): string {
  const name = quoted(referenceOf(summaryOf(waiting)));
  const redrive = hint(`outbox redrive ${name}`, options);
  const discard = hint(`outbox discard ${name} --why '…'`, options);
  const { entry, state, giveUp } = waiting;
  if (isInvalidRow(entry)) return `It can only be given up:\n  ${discard}`;
  if (giveUp !== undefined) {
    const finish = hint(`outbox discard ${name} --no-skip-notice --why '…'`, options);
    return `It is being discarded: its skip notice is delivered when its destination takes it.\nWhere the destination is gone for good, finish without the notice:\n  ${finish}`;
  }
  switch (state) {
    case 'parked':
      return `Mend the cause, then give it another round:\n  ${redrive}\nOr give it up:\n  ${discard}`;
    case 'retrying':
      return `The sweeper tries it again when it is due. Sooner:\n  ${redrive}`;
    case 'held':
      return `It follows by itself when what is before it has left:\n  ${hint(`outbox show ${quoted(entry.aggregate)}`, options)}`;
    case 'deferred':
      return 'It is delivered by itself when it is due.';
  }
}
