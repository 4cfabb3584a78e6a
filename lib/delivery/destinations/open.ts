import type { DestinationConfig } from '../../core/environment.ts';
import type { DestinationAdapter } from '../destination.ts';

/** Opens destinations, each with a client of its own. Only the clients of their kinds are loaded. */
export function openDestinations(
  configs: readonly DestinationConfig[],
): Promise<DestinationAdapter[]> {
  return Promise.all(configs.map(openDestination));
}

/** Opens a destination with a client of its own. Only the client of its kind is loaded: a cold start pays for no other. */
async function openDestination(config: DestinationConfig): Promise<DestinationAdapter> {
  switch (config.kind) {
    case 'bus':
      return (await import('./event-bus.ts')).openEventBus(config);
    case 'queue':
      return (await import('./queue.ts')).openQueue(config);
    case 'topic':
      return (await import('./topic.ts')).openTopic(config);
  }
}
