import type { StandardSchemaV1 } from '@standard-schema/spec';

import { deadlineType } from '../table/saga.ts';
import { defineEvent } from '../events/define-event.ts';
import type { EventDefinition } from '../events/event.ts';

/** What the event of a deadline holds. */
export interface DeadlineData {
  readonly name: string;
  /** Revision of the saga that set it: one that was set anew is told from the one before. */
  readonly revision: number;
}

export type DeadlineEvent = EventDefinition<string, StandardSchemaV1<DeadlineData>>;

/** The event by which a saga's deadlines come back to it. Its aggregate is the saga itself. */
export function defineDeadline(saga: string): DeadlineEvent {
  return defineEvent(deadlineType(saga), { aggregate: saga, schema: deadlineSchema });
}

/** The data of an event that a {@link DeadlineEvent} was checked by. */
export function deadlineDataOf({ data }: { readonly data: unknown }): DeadlineData {
  return data as DeadlineData;
}

const deadlineSchema: StandardSchemaV1<DeadlineData> = {
  '~standard': {
    version: 1,
    vendor: 'cdk-outbox',
    validate: (value) => {
      const { name, revision } = (value ?? {}) as Partial<Record<keyof DeadlineData, unknown>>;
      return typeof name === 'string' && typeof revision === 'number'
        ? { value: { name, revision } }
        : { issues: [{ message: 'a deadline has a name and a revision' }] };
    },
  },
};
