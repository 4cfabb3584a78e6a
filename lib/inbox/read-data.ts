import type { StandardSchemaV1 } from '@standard-schema/spec';

import { OutboxError } from '../core/errors.ts';
import type { Message } from '../table/message.ts';
import { nameOfError } from '../core/redact.ts';
import type { EventContract } from '../events/event.ts';
import { describeIssues } from '../events/schema-issues.ts';
import { rejected, type Failed, type Rejected } from './delivery.ts';

/** A message's data in the shape that the definition knows, or why it is not. */
export type DataReading = { readonly status: 'read'; readonly data: unknown } | Rejected | Failed;

/**
 * Brings a message's data to the definition's version, step by step, and has the schema check it.
 *
 * Data that does not fit is rejected. Data of a newer version is kept back, never misread: it will fit
 * once the consumer is deployed with the newer definition.
 */
export async function readData(message: Message, definition: EventContract): Promise<DataReading> {
  if (message.dataversion > definition.version) return tooNew(message, definition);
  const current = upcast(message, definition);
  if (current.status !== 'read') return current;
  const result = await validate(current.data, message, definition);
  if (!('issues' in result)) return result;
  const issues = describeIssues(result.issues, current.data, definition).join('; ');
  return rejected(
    'EVENT_INVALID',
    `data of ${message.type} version ${message.dataversion} does not fit the schema: ${issues}`,
  );
}

async function validate(
  data: unknown,
  { type }: Message,
  { schema }: EventContract,
): Promise<DataReading | StandardSchemaV1.FailureResult> {
  try {
    const result = await schema['~standard'].validate(data);
    return result.issues === undefined ? { status: 'read', data: result.value } : result;
  } catch (error) {
    return rejected('EVENT_INVALID', `the schema of ${type} threw ${nameOfError(error)}`);
  }
}

function tooNew({ id, type, dataversion }: Message, { version }: EventContract): Failed {
  const error = new OutboxError(
    'EVENT_VERSION_UNKNOWN',
    `${type} ${id} has version ${dataversion}, this consumer knows ${version}: deploy it with the newer definition; ` +
      'until then the message is kept back',
    { facts: { eventId: id, type, version: dataversion, known: version } },
  );
  return { status: 'failed', error };
}

function upcast(message: Message, { version: known, upcast: steps }: EventContract): DataReading {
  const { type, dataversion } = message;
  let { data } = message;
  for (let version = dataversion; version < known; version++) {
    const step = steps[version];
    if (step === undefined) {
      return rejected(
        'EVENT_VERSION_UNKNOWN',
        `${type} has version ${dataversion}, this consumer knows ${known} and no upcast from ${version}: ` +
          'add the steps to the definition, then redrive the message',
      );
    }
    try {
      data = step(data);
    } catch (error) {
      return rejected(
        'EVENT_INVALID',
        `upcast of ${type} from version ${version} threw ${nameOfError(error)}`,
      );
    }
    if (data instanceof Promise) return notAwaited(data, `${type} from version ${version}`);
  }
  return { status: 'read', data };
}

function notAwaited(data: Promise<unknown>, step: string): Rejected {
  // Whatever becomes of it: nobody waits, and Node would end the process where it fails.
  data.catch(() => undefined);
  return rejected(
    'EVENT_INVALID',
    `upcast of ${step} answered with a promise: make it a plain function, of the old data alone`,
  );
}
