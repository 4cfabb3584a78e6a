import type { OutboxEvent } from '../event/event.ts';
import type { Action } from '../transaction/transactor.ts';
import { deadlineDataOf } from './deadline-event.ts';
import { checkAnswer } from './check-answer.ts';
import type { SagaEvent, SagaParts } from './parts.ts';
import { sagaInvalid } from './saga-invalid.ts';
import type { SagaSnapshot } from './snapshot.ts';
import { close } from './close.ts';
import { openDraft, stepOf } from './step.ts';

/**
 * What an event makes of a saga.
 *
 * - `started`, `changed`: the saga as it is by now.
 * - `late`: it has finished, or is being compensated, or the deadline was cancelled or moved.
 * - `ignored`: it is running, and has no answer to such an event; or it would start by a replay.
 * - `unknown`: there is no such saga, and the event starts none.
 */
export type SagaOutcome = 'started' | 'changed' | 'late' | 'ignored' | 'unknown';

/** What is to be done because of an event. */
export interface SagaTransition<State = unknown> {
  readonly outcome: SagaOutcome;
  /** The saga after the event; `undefined` where there is none. */
  readonly saga: SagaSnapshot<State> | undefined;
  /** Events in the order in which they were emitted. */
  readonly emits: readonly OutboxEvent[];
  readonly writes: readonly Action[];
  /** Deadlines to set. Milliseconds from when it is committed. */
  readonly deadlines: readonly { readonly name: string; readonly afterMs: number }[];
  /** Names of deadlines, set before, that shall not come. */
  readonly cancelled: readonly string[];
  /** Names of the compensations that ran, in their order. */
  readonly undone: readonly string[];
}

/** One event, and the saga that it is about. */
export interface SagaInput<State> {
  readonly key: string;
  /** @default - there is none yet */
  readonly before: SagaSnapshot<State> | undefined;
  readonly event: SagaEvent;
}

/** What an event makes of a saga: a pure function. Throws what the handler throws. */
export function transition<State>(
  parts: SagaParts<State>,
  input: SagaInput<State>,
): SagaTransition<State> {
  const { before, event } = input;
  if (event.type === parts.deadline.type) return meetDeadline(parts, input);
  if (before === undefined) return start(parts, input);
  if (before.status === 'compensating' && before.awaiting === event.type) {
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
  { key, event }: SagaInput<State>,
): SagaTransition<State> {
  const begin = parts.starts.get(event.type);
  if (begin === undefined) return unchanged('unknown', undefined);
  if (event.replayId !== undefined && !parts.startsOnReplay) return unchanged('ignored', undefined);
  const draft = openDraft<State>(key);
  checkAnswer(parts, begin(stepOf(parts, draft), event));
  return close(parts, undefined, draft);
}

/** One that was cancelled or moved may come all the same: it was on its way. */
function meetDeadline<State>(
  parts: SagaParts<State>,
  { before, event }: SagaInput<State>,
): SagaTransition<State> {
  const { name, revision } = deadlineDataOf(event);
  if (before?.status !== 'running' || before.deadlines[name] !== revision) {
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
