import { isFinished } from '../table/saga.ts';
import { definedOnly } from '../core/pick.ts';
import type { SagaParts } from './parts.ts';
import { sagaInvalid } from './saga-invalid.ts';
import type { SagaSnapshot } from './snapshot.ts';
import type { Draft } from './draft.ts';
import type { SagaTransition } from './outcome.ts';
import { undo } from './undo.ts';

/** The saga after its handler has ended, and what is to be done. One that is to be compensated begins at once. */
export function close<State>(
  parts: SagaParts<State>,
  before: SagaSnapshot<State> | undefined,
  draft: Draft<State>,
): SagaTransition<State> {
  const { undone, awaiting, undoing } = undo(parts, draft);
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
    ...definedOnly({ awaiting, undoing, reason }),
  };
  const outcome = before === undefined ? 'started' : 'changed';
  return { outcome, saga, emits, writes, ...deadlines, undone };
}

interface ClosedDeadlines extends Pick<SagaTransition, 'deadlines' | 'cancelled'> {
  /** Those that stay as they were. */
  readonly holding: SagaSnapshot['deadlines'];
}

/** A saga that runs no longer has none. One that is set anew is moved: the earlier one shall not come. */
function closeDeadlines(before: SagaSnapshot['deadlines'], draft: Draft<unknown>): ClosedDeadlines {
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
