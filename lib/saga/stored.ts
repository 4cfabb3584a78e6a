import type { StandardSchemaV1 } from '@standard-schema/spec';

import { OutboxError } from '../core/errors.ts';
import { definedOnly } from '../core/pick.ts';
import { nameOfError } from '../core/redact.ts';
import type { SagaCompensation, SagaRecord } from '../table/saga.ts';
import { describeIssues } from '../events/schema-issues.ts';
import { reject } from '../inbox/reject.ts';
import type { SagaParts } from './parts.ts';
import type { Compensation, SagaSnapshot } from './snapshot.ts';

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
  const { key, status, revision, awaiting, undoing, reason } = record;
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
    ...definedOnly({ awaiting, undoing: undoing && toCompensation(undoing), reason }),
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
    { facts: { saga: parts.name, key, version, known: parts.version } },
  );
}
