import { groupBy } from '../core/group-by.ts';
import { inParallel } from '../core/in-parallel.ts';

/** Deliveries that must not overtake each other, in their order. */
export type Lane<T> = readonly T[];

/** Sorts items into lanes by name, each in the order given. */
export function toLanes<T>(items: readonly T[], nameOf: (item: T) => string): Lane<T>[] {
  return [...groupBy(items, nameOf).values()];
}

/** What handling an item means for its lane: on to the next; on, though it is not done; or no further. */
export type Step = 'done' | 'undone' | 'stop';

/**
 * Handles lanes in parallel, at most `concurrency` at once, and each in sequence up to the first item
 * that stops it.
 *
 * Answers with the items that are not done: those undone, and in each lane that was stopped all from there on.
 */
export async function runLanes<T>(
  lanes: readonly Lane<T>[],
  concurrency: number,
  handle: (item: T) => Promise<Step>,
): Promise<T[]> {
  const undone = await inParallel(lanes, concurrency, (lane) => runLane(lane, handle));
  return undone.flat();
}

async function runLane<T>(lane: Lane<T>, handle: (item: T) => Promise<Step>): Promise<Lane<T>> {
  const undone: T[] = [];
  for (const [index, item] of lane.entries()) {
    const step = await handle(item);
    if (step === 'stop') return [...undone, ...lane.slice(index)];
    if (step === 'undone') undone.push(item);
  }
  return undone;
}
