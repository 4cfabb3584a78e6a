import { ownValue } from '../core/pick.ts';
import { readArgument } from './argument.ts';
import { deadlineDataOf } from './deadline-event.ts';
import { checkAnswer } from './check-answer.ts';
import type { SagaEvent, SagaParts } from './parts.ts';
import { sagaInvalid } from './saga-invalid.ts';
import type { SagaOutcome, SagaTransition } from './outcome.ts';
import type { PendingDeadline, SagaSnapshot } from './snapshot.ts';
import { close } from './close.ts';
import { openDraft, stepOf } from './draft.ts';

/** One event, and the saga that it is about. */
export interface SagaInput<State> {
  /** @default - the event is none of the saga's affair */
  readonly key: string | undefined;
  /** @default - there is none yet */
  readonly before: SagaSnapshot<State> | undefined;
  readonly event: SagaEvent;
}

/** What an event makes of a saga: a pure function. Throws what the handler throws. */
export function transition<State>(
  parts: SagaParts<State>,
  input: SagaInput<State>,
): SagaTransition<State> {
  const { key, before, event } = input;
  if (key === undefined) return unchanged('ignored', before);
  if (event.type === parts.deadline.type) return meetDeadline(parts, input);
  if (before === undefined) return start(parts, event, key);
  if (before.awaiting === event.type && isConfirmed(parts, before, event)) {
    return close(parts, before, openDraft(before.key, before));
  }
  if (before.status !== 'running') return comeLate(parts, before, event);
  const step = parts.steps.get(event.type);
  if (step === undefined) return unchanged('ignored', before);
  const draft = openDraft(before.key, before);
  checkAnswer(parts, step(stepOf(parts, draft), event));
  return close(parts, before, draft);
}

function start<State>(
  parts: SagaParts<State>,
  event: SagaEvent,
  key: string,
): SagaTransition<State> {
  if (event.replayId !== undefined && !parts.startsOnReplay) return unchanged('ignored', undefined);
  const begin = parts.starts.get(event.type);
  if (begin === undefined) return unchanged('unknown', undefined);
  const draft = openDraft<State>(key);
  checkAnswer(parts, begin(stepOf(parts, draft), event));
  return close(parts, undefined, draft);
}

/** Whether an event of the type that is awaited is about what is being undone. */
function isConfirmed<State>(
  parts: SagaParts<State>,
  { undoing }: SagaSnapshot<State>,
  event: SagaEvent,
): boolean {
  if (undoing === undefined) return true;
  const when = parts.compensations.get(undoing.name)?.confirmedBy?.when;
  if (when === undefined) return true;
  const answer = when(event, readArgument(parts, undoing));
  checkAnswer(parts, answer);
  return answer === true;
}

/** Whether a deadline is the one that is set. By its id, since sagas of other services may have the same name and key. */
function isPending(
  pending: PendingDeadline | undefined,
  revision: number,
  { id }: SagaEvent,
): boolean {
  return pending?.revision === revision && (pending.eventId ?? id) === id;
}

/** One that was cancelled or moved may come all the same: it was on its way. */
function meetDeadline<State>(
  parts: SagaParts<State>,
  { before, event }: SagaInput<State>,
): SagaTransition<State> {
  const { name, revision } = deadlineDataOf(event);
  if (
    before?.status !== 'running' ||
    !isPending(ownValue(before.deadlines, name), revision, event)
  ) {
    return unchanged('late', before);
  }
  const handler = parts.deadlines.get(name);
  if (handler === undefined) {
    throw sagaInvalid(parts.name, `deadline ${name} came, and nothing handles it any more`);
  }
  const others = Object.entries(before.deadlines).filter(([other]) => other !== name);
  const met = { ...before, deadlines: Object.fromEntries(others) };
  const draft = openDraft(met.key, met);
  checkAnswer(parts, handler(stepOf(parts, draft)));
  return close(parts, met, draft);
}

function comeLate<State>(
  parts: SagaParts<State>,
  before: SagaSnapshot<State>,
  event: SagaEvent,
): SagaTransition<State> {
  const late = parts.lates.get(event.type);
  const draft = openDraft(before.key, before, { isLate: true });
  checkAnswer(parts, late?.(stepOf(parts, draft), event));
  const { emits, writes } = draft;
  return { ...unchanged('late', before), emits, writes };
}

function unchanged<State>(
  outcome: SagaOutcome,
  saga: SagaSnapshot<State> | undefined,
): SagaTransition<State> {
  return { outcome, saga, emits: [], writes: [], deadlines: [], cancelled: [], undone: [] };
}
