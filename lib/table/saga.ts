import { toDimensions, inboxDimensions, type Dimensions } from '../core/metrics.ts';
import type { Row } from './entry.ts';
import type { Key } from './keys.ts';
import { shardOf, pickDefined } from '../core/collections.ts';

/** Names of a saga table's keys, of its expiry attribute and of its one index. */
export const sagaTable = {
  pk: 'pk',
  sk: 'sk',
  expiresAt: 'expiresAt',
  /** Sparse index over the sagas that have not finished: `runningKey`, then `overdueAt`. */
  runningIndex: 'running',
  runningKey: 'runningKey',
  overdueAt: 'overdueAt',
} as const;

/**
 * Where a saga is: `running`; `compensating`, undoing what it did; `completed`; or `compensated`, all that it did
 * being undone.
 */
export type SagaStatus = 'running' | 'compensating' | 'completed' | 'compensated';

/** Which saga: its definition's name, and the key that tells it from others of that definition. */
export interface SagaId {
  readonly saga: string;
  readonly key: string;
}

/** One thing that happened to a saga. Names and ids only. */
export interface SagaNote {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The event that it answered. */
  readonly type: string;
  readonly eventId: string;
  readonly status: SagaStatus;
  /** Types of the events that it emitted, deadlines not among them. */
  readonly emitted?: readonly string[];
  /** Compensations that it ran, in their order. */
  readonly undone?: readonly string[];
}

/** A deadline that is set. */
export interface SagaDeadline {
  /** Revision of the saga that set it. */
  readonly revision: number;
  /** Id of the deferred event that brings it. */
  readonly eventId: string;
  /** Epoch milliseconds. */
  readonly dueAt: number;
}

/** How to undo something that was done. */
export interface SagaCompensation {
  readonly name: string;
  /** As JSON text. */
  readonly argument?: string;
}

/** A saga as its table holds it. */
export interface SagaRecord extends SagaId {
  readonly status: SagaStatus;
  /** Counts its changes, from 1: who changes it names the revision that it read. */
  readonly revision: number;
  /** Version of the definition that wrote the state. */
  readonly version: number;
  /** As JSON text. */
  readonly state: string;
  readonly deadlines: Readonly<Record<string, SagaDeadline>>;
  /** In the order in which the things were done. */
  readonly compensations: readonly SagaCompensation[];
  /** The type of event that confirms the compensation under way. */
  readonly awaiting?: string;
  /** The compensation under way, where it must be confirmed. */
  readonly compensating?: SagaCompensation;
  /** Why it is, or was, compensated. */
  readonly reason?: string;
  /** Epoch milliseconds, as all times but `expiresAt`. */
  readonly startedAt: number;
  readonly changedAt: number;
  /** When it should have finished. Absent once it has. */
  readonly overdueAt?: number;
  /** The last things that happened, oldest first. */
  readonly history: readonly SagaNote[];
  /** When it is forgotten, epoch seconds. Only once it has finished. */
  readonly expiresAt?: number;
}

/** What the index tells of a saga that has not finished. */
export type SagaSummary = SagaId &
  Pick<SagaRecord, 'status' | 'startedAt'> & { readonly overdueAt: number };

/** What the index holds in addition to the keys: nothing that changes with each step, so that most steps do not write to it. */
export const runningIndexAttributes = ['saga', 'key', 'status', 'startedAt'] as const;

/** Keys that the sagas of one definition spread over in the index, to stay clear of a partition's write limit. */
const runningIndexSpread = 4;

export function sagaKey({ saga, key }: SagaId): Key {
  return { pk: `${sagaKeyPrefix(saga)}${key}`, sk: 'saga' };
}

/** What the partition keys of all sagas of a definition begin with. */
export function sagaKeyPrefix(saga: string): string {
  return `s#${saga}#`;
}

/** Partition keys of the index that hold the unfinished sagas of a definition. */
export function runningKeys(saga: string): string[] {
  return Array.from({ length: runningIndexSpread }, (_, spread) => `${saga}#${spread}`);
}

/** Whether a saga has come to its end. */
export function isFinished(status: SagaStatus): boolean {
  return status === 'completed' || status === 'compensated';
}

/** The saga table's row. What has parts is JSON text, so that any client reads it alike. */
export function sagaToRow(record: SagaRecord): Row {
  const { deadlines, compensations, compensating, history, ...flat } = record;
  return {
    ...sagaKey(record),
    ...flat,
    deadlines: JSON.stringify(deadlines),
    compensations: JSON.stringify(compensations),
    ...(compensating === undefined ? {} : { compensating: JSON.stringify(compensating) }),
    history: JSON.stringify(history),
    ...(record.overdueAt === undefined
      ? {}
      : { [sagaTable.runningKey]: `${record.saga}#${shardOf(record.key, runningIndexSpread)}` }),
  };
}

export function rowToSaga(row: Row): SagaRecord {
  const text = row as Record<'deadlines' | 'compensations' | 'history', string> & {
    readonly compensating?: string;
  };
  return {
    ...pickDefined(row as unknown as SagaRecord, [
      'saga',
      'key',
      'status',
      'state',
      'awaiting',
      'reason',
      'revision',
      'version',
      'startedAt',
      'changedAt',
      'overdueAt',
      'expiresAt',
    ]),
    deadlines: JSON.parse(text.deadlines) as SagaRecord['deadlines'],
    compensations: JSON.parse(text.compensations) as SagaRecord['compensations'],
    ...(text.compensating === undefined
      ? {}
      : { compensating: JSON.parse(text.compensating) as SagaCompensation }),
    history: JSON.parse(text.history) as SagaRecord['history'],
  };
}

export function rowToSagaSummary(row: Row): SagaSummary {
  return pickDefined(row as unknown as SagaSummary, [
    'saga',
    'key',
    'status',
    'startedAt',
    'overdueAt',
  ]);
}

/** The dimensions of all that a saga's function counts: those of its inbox, and the saga's name. */
export function sagaDimensions(saga: {
  readonly name: string;
  readonly inboxName: string;
  readonly tableName: string;
}): Dimensions {
  const { name, inboxName, tableName } = saga;
  return { ...inboxDimensions({ name: inboxName, tableName }), ...toDimensions({ saga: name }) };
}

/** What a saga counts in addition to what its inbox does. */
export const sagaMetrics = {
  /** Events that came for a saga that had finished, or was being compensated. */
  late: 'SagaLate',
  /** Events that came for no saga that there is, and were acknowledged. */
  unknown: 'SagaUnknown',
  /** Sagas that should have finished and have not: what the last look found. */
  overdue: 'SagasOverdue',
} as const;

/** The environment variables that tell a function of its saga. */
export function sagaToEnvironment(saga: {
  readonly name: string;
  readonly tableName: string;
}): Record<string, string> {
  return { SAGA_NAME: saga.name, SAGA_TABLE: saga.tableName };
}

/** The type of the event by which deadlines of a saga come back to it. */
export function deadlineType(saga: string): string {
  return `${saga}.deadline`;
}

/** What the schedule invokes a saga's handler with, to have it look for overdue sagas. */
export interface SagaCheck {
  readonly sagaCheck: true;
}

export function isSagaCheck(event: unknown): event is SagaCheck {
  return typeof event === 'object' && event !== null && 'sagaCheck' in event;
}
