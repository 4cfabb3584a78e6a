import { readArgument } from './argument.ts';
import { checkAnswer } from './check-answer.ts';
import type { SagaParts } from './parts.ts';
import { sagaInvalid } from './saga-invalid.ts';
import { stepOf, type Draft } from './draft.ts';
import type { Compensation } from './snapshot.ts';

/** What was undone in one go. */
export interface Undone {
  /** Names of the compensations that ran, in their order. */
  readonly undone: readonly string[];
  /** The type of event that must come before it goes on. @default - it is done */
  readonly awaiting?: string;
  /** The compensation that it confirms. */
  readonly undoing?: Compensation;
}

/**
 * Undoes what a saga did that is being compensated: the last thing first, up to one whose undoing must be
 * confirmed. After the last of them it is compensated.
 */
export function undo<State>(parts: SagaParts<State>, draft: Draft<State>): Undone {
  if (draft.status !== 'compensating') return { undone: [] };
  const undone: string[] = [];
  for (let last = draft.compensations.pop(); last !== undefined; last = draft.compensations.pop()) {
    const { name } = last;
    const compensation = parts.compensations.get(name);
    if (compensation === undefined) {
      throw sagaInvalid(
        parts.name,
        `it cannot be compensated: .compensation('${name}', …) was taken out of its definition`,
      );
    }
    checkAnswer(parts, compensation.handler(stepOf(parts, draft), readArgument(parts, last)));
    undone.push(name);
    const { confirmedBy } = compensation;
    if (confirmedBy !== undefined) return { undone, awaiting: confirmedBy.type, undoing: last };
  }
  draft.status = 'compensated';
  return { undone };
}
