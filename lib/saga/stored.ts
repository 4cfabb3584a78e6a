import type { StandardSchemaV1 } from '@standard-schema/spec';

import { definedOnly, ownValue } from '../core/collections.ts';
import { OutboxError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { nameOfError } from '../core/redact.ts';
import { newId } from '../core/system.ts';
import type { TransactItem } from '../dynamodb/actions.ts';
import { describeIssues } from '../events/schema-issues.ts';
import { reject } from '../inbox/message.ts';
import type { InboxTransaction } from '../inbox/transaction.ts';
import { epochSeconds } from '../table/inbox.ts';
import {
  isFinished,
  sagaTable,
  sagaToRow,
  type SagaCompensation,
  type SagaDeadline,
  type SagaNote,
  type SagaRecord,
} from '../table/saga.ts';
import {
  toSagaJson,
  type Compensation,
  type SagaEvent,
  type SagaParts,
  type SagaSnapshot,
  type SagaTransition,
} from './step.ts';

/**
 * A saga as its handlers know it, from its row: of the definition's version, and checked by its schema.
 *
 * @throws OutboxError `SAGA_VERSION_UNKNOWN` where the row is of a newer definition: the message is kept back until
 * that is deployed. Rejects the message where the state cannot be read by this one.
 */
export async function readStored<State>(
  record: SagaRecord,
  parts: SagaParts<State>,
): Promise<SagaSnapshot<State>> {
  const { key, status, revision, awaiting, compensating, reason } = record;
  if (record.version > parts.version) throw tooNew(record, parts);
  const state = await checkState(upcast(record, parts), key, parts);
  return {
    ...{ key, status, revision, state },
    deadlines: Object.fromEntries(
      Object.entries(record.deadlines).map(([name, { revision, eventId }]) => [
        name,
        { revision, eventId },
      ]),
    ),
    compensations: record.compensations.map(toCompensation),
    ...definedOnly({
      awaiting,
      compensating: compensating && toCompensation(compensating),
      reason,
    }),
  };
}

function toCompensation({ name, argument }: SagaCompensation): Compensation {
  return { name, ...(argument === undefined ? {} : { argument: JSON.parse(argument) as unknown }) };
}

/** A state that the schema takes. One that it does not would be misread when it is read again. */
export async function checkState<State>(
  state: unknown,
  key: string,
  { name, version, schema, validationDetail }: SagaParts<State>,
): Promise<State> {
  const result = await validate(schema, state, `${name} ${key}`);
  if (result.issues === undefined) return result.value;
  const issues = describeIssues(result.issues, state, { schema, validationDetail }).join('; ');
  reject(
    `state of saga ${name} ${key} does not fit its schema (version ${version}): ${issues}. ` +
      'Raise the version of the definition with every change of its state, add the upcast, then redrive the message',
  );
}

/** What its own code throws may quote the state. */
async function validate<State>(
  schema: StandardSchemaV1<unknown, State>,
  state: unknown,
  saga: string,
): Promise<StandardSchemaV1.Result<State>> {
  try {
    return await schema['~standard'].validate(state);
  } catch (error) {
    reject(`the schema of the state of saga ${saga} threw ${nameOfError(error)}`);
  }
}

function upcast<State>(
  { key, version: stored, state }: SagaRecord,
  { name, version, upcast: steps }: SagaParts<State>,
): unknown {
  let old: unknown = JSON.parse(state);
  for (let at = stored; at < version; at++) {
    const step = steps[at];
    if (step === undefined) {
      reject(
        `saga ${name} ${key} is of version ${stored}, its definition of ${version} and without an upcast from ${at}: ` +
          'add the steps to the definition, then redrive the message',
      );
    }
    try {
      old = step(old);
    } catch (error) {
      reject(`upcast of saga ${name} ${key} from version ${at} threw ${nameOfError(error)}`);
    }
  }
  return old;
}

function tooNew<State>({ key, version }: SagaRecord, parts: SagaParts<State>): OutboxError {
  return new OutboxError(
    'SAGA_VERSION_UNKNOWN',
    `saga ${parts.name} ${key} is of version ${version}, its definition here of ${parts.version}: ` +
      'deploy the newer one; until then its events are kept back',
    { details: { saga: parts.name, key, version, known: parts.version } },
  );
}

/** What a transition is written down with. */
interface Change<State> {
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
function recordOf<State>(change: Change<State>): SagaRecord {
  const { parts, before, saga, now, dedupeWindowMs } = change;
  const { key, status, revision, awaiting, compensating, reason } = saga;
  const isDone = isFinished(status);
  return {
    ...{ saga: parts.name, key, status, revision, version: parts.version },
    state: toSagaJson(parts.name, saga.state),
    deadlines: deadlinesOf(change),
    compensations: saga.compensations.map((one) => toKept(parts.name, one)),
    ...definedOnly({
      awaiting,
      compensating: compensating && toKept(parts.name, compensating),
      reason,
    }),
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

/** Where sagas are kept, and for how long. */
export interface SagaPlace {
  readonly clock: Clock;
  readonly sagaTableName: string;
  /** How long a finished saga is remembered. */
  readonly dedupeWindowMs: number;
}

/** Puts the saga's row, sets the deadlines that are to be set, and takes back those that are not to come. */
export function writeSaga<State>(
  change: Omit<Change<State>, 'deadlines' | 'now' | 'dedupeWindowMs'>,
  tx: InboxTransaction,
  { clock, sagaTableName, dedupeWindowMs }: SagaPlace,
): void {
  const { parts, before, result, saga } = change;
  const now = clock.now();
  const events = result.deadlines.map(({ name, afterMs }) => {
    const dueAt = now + afterMs;
    const data = { name, revision: saga.revision };
    const event = parts.deadline(saga.key, data, { id: newId(dueAt), deliverAt: new Date(dueAt) });
    return { event, name, deadline: { revision: saga.revision, eventId: event.id, dueAt } };
  });
  const deadlines = Object.fromEntries(events.map(({ name, deadline }) => [name, deadline]));
  const record = recordOf({ ...change, deadlines, now, dedupeWindowMs });
  tx.put({ TableName: sagaTableName, Item: sagaToRow(record), ...isAsRead(before, now) });
  if (events.length > 0) tx.emit(...events.map(({ event }) => event));
  for (const name of result.cancelled) {
    const eventId = ownValue(before?.deadlines ?? {}, name)?.eventId;
    // One that is on its way is let pass when it comes.
    if (eventId !== undefined) tx.cancel(eventId, { required: false });
  }
}

/** The condition that the saga is unchanged since it was read. */
function isAsRead(
  before: SagaRecord | undefined,
  now: number,
): Pick<
  NonNullable<TransactItem['Put']>,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
> {
  if (before !== undefined) {
    const isSameSaga = '#startedAt = :startedAt';
    const isSameRevision = '#revision = :read';
    return {
      ConditionExpression: [isSameSaga, isSameRevision].join(' AND '),
      ExpressionAttributeNames: { '#revision': 'revision', '#startedAt': 'startedAt' },
      ExpressionAttributeValues: { ':read': before.revision, ':startedAt': before.startedAt },
    };
  }
  const hasNoRow = 'attribute_not_exists(#pk)';
  const rowExpired = '#expiresAt < :now';
  return {
    ConditionExpression: [hasNoRow, rowExpired].join(' OR '),
    ExpressionAttributeNames: { '#pk': sagaTable.pk, '#expiresAt': sagaTable.expiresAt },
    ExpressionAttributeValues: { ':now': epochSeconds(now) },
  };
}

/** Whether a saga has been forgotten: DynamoDB removes its row days later. */
export function isForgotten({ expiresAt = Infinity }: SagaRecord, now: number): boolean {
  return expiresAt < epochSeconds(now);
}
