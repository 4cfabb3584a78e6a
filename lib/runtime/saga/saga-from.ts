import type { Environment } from '../../contract/environment.ts';
import { reader } from '../../contract/read-environment.ts';
import { inboxFrom, type InboxSettings } from '../inbox/inbox-from.ts';

/** What a saga's function must know: its inbox, its outbox, and the table that keeps its state. */
export interface SagaSettings extends InboxSettings {
  readonly sagaTableName: string;
  /** The name that its construct was given: that of the definition. */
  readonly sagaName: string;
}

/**
 * A saga's settings, from the environment that the `Saga` construct sets.
 *
 * @throws OutboxError `ENVIRONMENT_MISSING`, `ENVIRONMENT_INVALID`
 */
export function sagaFrom(environment: Environment): SagaSettings {
  const read = reader(
    environment,
    'pass the function to a Saga construct as its handler, which sets it',
  );
  return {
    ...inboxFrom(environment),
    sagaTableName: read.text('SAGA_TABLE'),
    sagaName: read.text('SAGA_NAME'),
  };
}
