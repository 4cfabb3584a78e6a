import { Construct } from 'constructs';

import { matchesType } from '../../core/event-types.ts';
import { deadlineType } from '../../table/saga.ts';
import { fail } from '../shared/check.ts';
import { isFifo, isTopic } from '../inbox/inbox-origin.ts';
import { subscribeToBus, subscribeToTopic } from '../inbox/inbox-subscription.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { SagaProps } from './saga-props.ts';

/** The types that a saga's inbox subscribes to: with its deadlines, where they come by the same subscription. */
export function eventsOf(props: SagaProps): readonly string[] | undefined {
  const { events, sagaName } = props;
  const deadline = deadlineType(sagaName);
  if (!comeWithEvents(props)) return events?.filter((type) => type !== deadline);
  return events === undefined || matchesType(events, deadline) ? events : [...events, deadline];
}

/**
 * Has the deadlines of a saga reach its queue where they do not come with its events: from another bus or topic,
 * or from the same bus, by a rule that names their source. Another service may have a saga of the same name there.
 */
export function subscribeToDeadlines(scope: Construct, props: SagaProps, inbox: Inbox): void {
  const { from, deadlinesFrom = from, outbox, sagaName } = props;
  const { queue, undeliveredQueue } = inbox;
  if (deadlinesFrom === undefined || comeWithEvents(props) || bringsAll(props)) return;
  if (undeliveredQueue === undefined) {
    fail(scope, 'deadlinesFrom has no effect without from: give the bus or the topic as from');
  }
  const events = [deadlineType(sagaName)];
  inbox.addEvents(...events);
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

/** A queue has one subscription to a topic, and a topic does not tell sources apart. */
function comeWithEvents({ from, deadlinesFrom = from, source, outbox }: SagaProps): boolean {
  const isOfSource = isTopic(from) || source === outbox.source;
  return from !== undefined && deadlinesFrom === from && isOfSource;
}

/** Whether the events of everyone that are taken from the bus have the deadlines among them, by a prefix of their type. */
function bringsAll({ from, deadlinesFrom = from, source, events, sagaName }: SagaProps): boolean {
  if (deadlinesFrom !== from || source !== undefined) return false;
  const deadline = deadlineType(sagaName);
  const others = events?.filter((type) => type !== deadline) ?? [];
  return others.some((type) => matchesType([type], deadline));
}
