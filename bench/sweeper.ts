import type { Figure } from './figure.ts';
import { measureSweepCost } from './sweeper-cost.ts';
import { measureSweepRate } from './sweeper-rate.ts';

/** The sweeper: how fast it makes up for the relay, and what it costs where there is nothing to make up for. */
export async function measureSweeper(): Promise<Figure[]> {
  return [...(await measureSweepRate()), ...(await measureSweepCost())];
}
