import type { Clients } from './clients.ts';
import type { OrderRequest } from './orders.ts';
import type { Shop } from './shop.ts';

/** Orders that are placed together: what to count, and where. */
export interface Run {
  readonly shop: Shop;
  readonly clients: Clients;
  readonly requests: readonly OrderRequest[];
  /** When it began (epoch milliseconds). */
  readonly since: number;
}

/** The run's orders that are there to stay: those whose transaction must not fail. */
export function placedOf({ requests }: Pick<Run, 'requests'>): readonly OrderRequest[] {
  return requests.filter(({ mustFail }) => !mustFail);
}
