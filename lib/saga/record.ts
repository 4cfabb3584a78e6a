import { definedOnly } from '../core/pick.ts';
import {
  isFinished,
  type SagaCompensation,
  type SagaDeadline,
  type SagaNote,
  type SagaRecord,
} from '../table/saga.ts';
import type { SagaEvent, SagaParts } from './parts.ts';
import { toSagaJson } from './saga-invalid.ts';
import type { Compensation, SagaSnapshot } from './snapshot.ts';
import type { SagaTransition } from './outcome.ts';

/** What a transition is written down with. */
export interface Change<State> {
  readonly parts: SagaParts<State>;
  readonly before: SagaRecord | undefined;
  readonly event: SagaEvent;
  readonly result: SagaTransition<State>;
  readonly saga: SagaSnapshot<State>;
  /** Those that are set by it, by name. */
  readonly deadlines: Readonly<Record<string, SagaDeadline>>;
  /** Epoch milliseconds. */
  readonly now: number;
  /** How long a finished saga is remembered. */
  readonly dedupeWindowMs: number;
}

/** Things that happened which a saga keeps: the first, which started it, and the last. */
const keptNotes = 20;
/** Types that a note keeps. */
const keptTypes = 10;

/** The row that a saga becomes. */
export function recordOf<State>(change: Change<State>): SagaRecord {
  const { parts, before, saga, now, dedupeWindowMs } = change;
  const { key, status, revision, awaiting, undoing, reason } = saga;
  const isDone = isFinished(status);
  return {
    ...{ saga: parts.name, key, status, revision, version: parts.version },
    state: toSagaJson(parts.name, saga.state),
    deadlines: deadlinesOf(change),
    compensations: saga.compensations.map((one) => toKept(parts.name, one)),
    ...definedOnly({ awaiting, undoing: undoing && toKept(parts.name, undoing), reason }),
    startedAt: before?.startedAt ?? now,
    changedAt: now,
    history: withNote(before?.history ?? [], noteOf(change)),
    ...(isDone
      ? { expiresAt: Math.ceil((now + dedupeWindowMs) / 1000) }
      : { overdueAt: overdueAt(change) }),
  };
}

function toKept(saga: string, { name, argument }: Compensation): SagaCompensation {
  return { name, ...(argument === undefined ? {} : { argument: toSagaJson(saga, argument) }) };
}

/** It stays while the status does, so that most steps leave the index alone. */
function overdueAt<State>({ parts, before, saga, now }: Change<State>): number {
  const hasBegun = before?.status === saga.status && before.overdueAt !== undefined;
  return hasBegun ? before.overdueAt : now + parts.overdueAfterMs;
}

function deadlinesOf<State>({ before, saga, deadlines }: Change<State>): SagaRecord['deadlines'] {
  const known = { ...before?.deadlines, ...deadlines };
  return Object.fromEntries(Object.entries(known).filter(([name]) => name in saga.deadlines));
}

function noteOf<State>({ event, result, saga, now }: Change<State>): SagaNote {
  const emitted = result.emits.map(({ type }) => type).slice(0, keptTypes);
  const undone = result.undone.slice(0, keptTypes);
  return {
    at: now,
    type: event.type,
    eventId: event.id,
    status: saga.status,
    ...(emitted.length === 0 ? {} : { emitted }),
    ...(undone.length === 0 ? {} : { undone }),
  };
}

function withNote(history: readonly SagaNote[], note: SagaNote): SagaNote[] {
  const all = [...history, note];
  return [...all.slice(0, 1), ...all.slice(1).slice(1 - keptNotes)];
}
