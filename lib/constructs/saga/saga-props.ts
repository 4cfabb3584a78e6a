import type { IEventBusRef } from 'aws-cdk-lib/aws-events';
import type { ITopic } from 'aws-cdk-lib/aws-sns';

import type { InboxProps } from '../inbox/props.ts';
import type { IOutbox } from '../outbox/outbox.ts';

/**
 * Properties of a {@link Saga}: those of its inbox, and its own.
 *
 * It takes events in any order, and is not `ordered`: its deadlines are in no sequence, and it waits for nothing
 * that it has no answer to.
 */
export interface SagaProps extends Omit<InboxProps, 'table' | 'outbox' | 'ordered'> {
  /** The name of the definition that the handler runs. Part of the saga's rows: changing it forgets all sagas. */
  readonly sagaName: string;

  /**
   * The outbox that the saga emits to, and that brings its deadlines back. It must take events of the type
   * `<sagaName>.deadline`, and deliver them to `deadlinesFrom`.
   */
  readonly outbox: IOutbox;

  /**
   * The bus or the topic that the saga's own outbox delivers to, where it is another than `from`.
   *
   * @default - `from`; where there is none, deliver the type `<sagaName>.deadline` with
   * `Destination.queue` to the queue that is given
   */
  readonly deadlinesFrom?: IEventBusRef | ITopic;
}
