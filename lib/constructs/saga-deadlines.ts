import { Construct } from 'constructs';

import { matchesType } from '../contract/event-types.ts';
import { deadlineType } from '../contract/saga.ts';
import { fail } from './check.ts';
import { isFifo, isTopic } from './inbox-origin.ts';
import { subscribeToBus, subscribeToTopic } from './inbox-subscription.ts';
import type { Inbox } from './inbox.ts';
import type { SagaProps } from './saga-props.ts';

/** The types that a saga's inbox subscribes to: with its deadlines, where they come from the same place. */
export function eventsOf(props: SagaProps): readonly string[] | undefined {
  const { events, sagaName } = props;
  const deadline = deadlineType(sagaName);
  if (!comeWithEvents(props)) return events?.filter((type) => type !== deadline);
  return events === undefined || matchesType(events, deadline) ? events : [...events, deadline];
}

/**
 * Has the deadlines of a saga reach its queue where they do not come with its events: from another bus or topic,
 * or from the same bus, of which it takes the events of another source only.
 */
export function subscribeToDeadlines(scope: Construct, props: SagaProps, inbox: Inbox): void {
  const { from, deadlinesFrom = from, outbox, sagaName } = props;
  const { queue, undeliveredQueue } = inbox;
  if (deadlinesFrom === undefined || comeWithEvents(props)) return;
  if (undeliveredQueue === undefined) {
    fail(scope, 'deadlinesFrom has no effect without from: give the bus or the topic as from');
  }
  const events = [deadlineType(sagaName)];
  const deadlines = new Construct(scope, 'Deadlines');
  if (isTopic(deadlinesFrom)) {
    subscribeToTopic(deadlines, deadlinesFrom, { events, queue, undeliveredQueue });
    return;
  }
  if (isFifo(props)) {
    fail(scope, 'a bus cannot bring deadlines to a FIFO queue: give a FIFO topic as deadlinesFrom');
  }
  const { source } = outbox;
  subscribeToBus(deadlines, deadlinesFrom, { events, source, queue, undeliveredQueue });
}

function comeWithEvents({ from, deadlinesFrom = from, source, outbox }: SagaProps): boolean {
  const isOfSource = source === undefined || source === outbox.source;
  return from !== undefined && deadlinesFrom === from && isOfSource;
}
