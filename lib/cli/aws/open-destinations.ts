import type { DestinationConfig } from '../../core/environment.ts';
import type { Destination } from '../../delivery/destination.ts';
import { createEventBus } from '../../delivery/destinations/event-bus.ts';
import { createQueue } from '../../delivery/destinations/queue.ts';
import { createTopic } from '../../delivery/destinations/topic.ts';
import type { Clients } from './clients.ts';

/**
 * Opens a destination of an outbox as its relay would, but with the operator's own rights. The clients are those of the
 * destination's region: a client calls one region and signs for it.
 */
export function openDestination(
  config: DestinationConfig,
  { eventbridge, sqs, sns }: Pick<Clients, 'eventbridge' | 'sqs' | 'sns'>,
): Destination {
  switch (config.kind) {
    case 'bus':
      return createEventBus(config, eventbridge);
    case 'queue':
      return createQueue(config, sqs);
    case 'topic':
      return createTopic(config, sns);
  }
}
