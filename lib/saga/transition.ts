import { types } from 'node:util';

import { definedOnly, ownValue } from '../core/collections.ts';
import { isFinished } from '../table/saga.ts';
import { openDraft, readArgument, stepOf, type SagaDraft } from './draft.ts';
import {
  deadlineDataOf,
  sagaInvalid,
  type Compensation,
  type PendingDeadline,
  type SagaEvent,
  type SagaOutcome,
  type SagaParts,
  type SagaSnapshot,
  type SagaTransition,
} from './step.ts';

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
  { compensating }: SagaSnapshot<State>,
  event: SagaEvent,
): boolean {
  if (compensating === undefined) return true;
  const when = parts.compensations.get(compensating.name)?.confirmedBy?.when;
  if (when === undefined) return true;
  const answer = when(event, readArgument(parts, compensating));
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

/** The saga after its handler has ended, and what is to be done. One that is to be compensated begins at once. */
function close<State>(
  parts: SagaParts<State>,
  before: SagaSnapshot<State> | undefined,
  draft: SagaDraft<State>,
): SagaTransition<State> {
  const { undone, awaiting, compensating } = undo(parts, draft);
  const { key, status, state, reason, emits, writes } = draft;
  if (state === undefined)
    throw sagaInvalid(parts.name, 'it was started without a state: call set');
  const revision = (before?.revision ?? 0) + 1;
  const { holding, ...deadlines } = closeDeadlines(before?.deadlines ?? {}, draft);
  const set = Object.fromEntries(deadlines.deadlines.map(({ name }) => [name, { revision }]));
  const saga: SagaSnapshot<State> = {
    key,
    status,
    revision,
    state: state.value,
    deadlines: { ...holding, ...set },
    compensations: isFinished(status) ? [] : draft.compensations,
    ...definedOnly({ awaiting, compensating, reason }),
  };
  const outcome = before === undefined ? 'started' : 'changed';
  return { outcome, saga, emits, writes, ...deadlines, undone };
}

interface ClosedDeadlines extends Pick<SagaTransition, 'deadlines' | 'cancelled'> {
  /** Those that stay as they were. */
  readonly holding: SagaSnapshot['deadlines'];
}

/** A saga that runs no longer has none. One that is set anew is moved: the earlier one shall not come. */
function closeDeadlines(
  before: SagaSnapshot['deadlines'],
  draft: SagaDraft<unknown>,
): ClosedDeadlines {
  const isRunning = draft.status === 'running';
  const set = isRunning ? draft.deadlines : new Map<string, number>();
  const holds = (name: string): boolean =>
    isRunning && !set.has(name) && !draft.cancelled.has(name);
  const names = Object.keys(before);
  return {
    holding: Object.fromEntries(Object.entries(before).filter(([name]) => holds(name))),
    deadlines: [...set].map(([name, afterMs]) => ({ name, afterMs })),
    cancelled: names.filter((name) => !holds(name)),
  };
}

/** What was undone in one go. */
export interface Undone {
  /** Names of the compensations that ran, in their order. */
  readonly undone: readonly string[];
  /** The type of event that must come before it goes on. @default - it is done */
  readonly awaiting?: string;
  /** The compensation that it confirms. */
  readonly compensating?: Compensation;
}

/**
 * Undoes what a saga did that is being compensated: the last thing first, up to one whose undoing must be
 * confirmed. After the last of them it is compensated.
 */
function undo<State>(parts: SagaParts<State>, draft: SagaDraft<State>): Undone {
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
    if (confirmedBy !== undefined)
      return { undone, awaiting: confirmedBy.type, compensating: last };
  }
  draft.status = 'compensated';
  return { undone };
}

/** Refuses a promise that a handler answered with, or a `when`: what it did or said later would be lost without a word. */
function checkAnswer({ name }: { readonly name: string }, answer: unknown): void {
  if (!types.isPromise(answer)) return;
  answer.catch(() => undefined);
  throw sagaInvalid(
    name,
    'its handlers, and what says whether an event confirms, cannot be async: have them emit a command, and answer the event that answers it',
  );
}
