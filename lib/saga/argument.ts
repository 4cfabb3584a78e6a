import type { StandardSchemaV1 } from '@standard-schema/spec';

import { nameOfError } from '../core/redact.ts';
import { describeIssues } from '../events/schema-issues.ts';
import type { SagaParts } from './parts.ts';
import { sagaInvalid } from './saga-invalid.ts';
import type { Compensation } from './snapshot.ts';

/**
 * The argument of a compensation as its handler gets it: what its schema makes of what was kept; `undefined` where it
 * takes none.
 *
 * @throws OutboxError `SAGA_INVALID` where it does not fit
 */
export function readArgument<State>(
  { name: saga, compensations, validationDetail }: SagaParts<State>,
  { name, argument }: Compensation,
): unknown {
  const schema = compensations.get(name)?.argument;
  if (schema === undefined) return argument;
  const result = validate(schema, argument, { saga, name });
  if (result instanceof Promise) {
    throw sagaInvalid(saga, `the schema for the argument of ${name} must not be async`);
  }
  if (result.issues === undefined) return result.value;
  const issues = describeIssues(result.issues, argument, { schema, validationDetail }).join('; ');
  throw sagaInvalid(saga, `the argument of ${name} does not fit its schema: ${issues}`);
}

/** What the schema's own code throws may quote the argument. */
function validate(
  schema: StandardSchemaV1,
  argument: unknown,
  { saga, name }: { saga: string; name: string },
): ReturnType<StandardSchemaV1['~standard']['validate']> {
  try {
    return schema['~standard'].validate(argument);
  } catch (error) {
    throw sagaInvalid(saga, `the schema for the argument of ${name} threw ${nameOfError(error)}`);
  }
}
