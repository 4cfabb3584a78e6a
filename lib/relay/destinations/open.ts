import type { DestinationConfig } from '../../contract/environment.ts';
import type { Destination } from '../destination.ts';

/** Opens the destination with a client of its own. Loads the client of its kind only. */
export function openDestination(config: DestinationConfig): Promise<Destination> {
  return Promise.reject(new Error(`not built yet: ${config.kind}`));
}
