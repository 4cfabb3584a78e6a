import { expect } from 'vitest';

import { readOutbox } from '../../../bin/demo/look.ts';
import { latestOf } from '../../../bin/demo/poll.ts';
import type { OperatedOutbox } from './outbox.ts';

/** Ids of events: what was written to an outbox, and what came of it by its receipts and its consumers. */
export interface Traffic {
  readonly committed: readonly string[];
  /** What every consumer has. */
  readonly delivered: readonly string[];
  /** What a receipt says was published. */
  readonly published: readonly string[];
}

/** The same, with what the operator's command shows. */
interface Books extends Traffic {
  readonly waiting: readonly string[];
  /** How many it counts as on their way. */
  readonly inFlight: number;
}

/** Before any event of the tests. */
const historyMs = 15 * 60_000;

/** Reads receipts and consumers anew. */
export async function readTraffic(outbox: OperatedOutbox): Promise<Traffic> {
  const { published } = await readOutbox(outbox.clients, outbox, Date.now() - historyMs);
  const [first = [], ...others] = await Promise.all(
    outbox.consumers.map(async (consumer) => idsOf(await consumer.received())),
  );
  return {
    committed: [...outbox.committed],
    delivered: first.filter((id) => others.every((ids) => ids.includes(id))),
    published: [...published],
  };
}

/**
 * Everything that was ever written to the outbox is delivered, except for what waits as `waiting` says, where
 * a person sees it; and there is nothing else.
 */
export async function expectAllDeliveredBut(
  waiting: readonly string[],
  outbox: OperatedOutbox,
): Promise<void> {
  await latestOf(
    () => readTraffic(outbox),
    ({ committed, delivered }) => without(committed, [...delivered, ...waiting]).length === 0,
  );
  const books = await latestOf(
    () => readBooks(outbox),
    (found) => JSON.stringify(judge(found)) === JSON.stringify(balanced(waiting)),
  );
  expect(judge(books)).toEqual(balanced(waiting));
}

async function readBooks(outbox: OperatedOutbox): Promise<Books> {
  const [waiting, { inFlight }] = await Promise.all([outbox.waiting(), outbox.status()]);
  return {
    ...(await readTraffic(outbox)),
    waiting: waiting.map(({ event }) => event),
    inFlight: inFlight.entries,
  };
}

/** Committed = delivered + visibly waiting: what waits, and what does not fit. */
function judge({ committed, delivered, published, waiting, inFlight }: Books) {
  return {
    waiting: waiting.toSorted(),
    inFlight,
    lost: without(committed, [...delivered, ...waiting]),
    invented: without([...delivered, ...waiting], committed),
    deliveredAndWaiting: delivered.filter((id) => waiting.includes(id)),
    receiptsOfWhatDidNotArrive: without(published, delivered),
  };
}

function balanced(waiting: readonly string[]): ReturnType<typeof judge> {
  return {
    waiting: waiting.toSorted(),
    inFlight: 0,
    lost: [],
    invented: [],
    deliveredAndWaiting: [],
    receiptsOfWhatDidNotArrive: [],
  };
}

function without(ids: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return ids.filter((id) => !known.has(id));
}

function idsOf(all: readonly { readonly id: string }[]): string[] {
  return [...new Set(all.map(({ id }) => id))];
}
