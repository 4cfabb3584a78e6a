import type { Entry } from '../../lib/table/entry.ts';
import { timeOfId } from '../../lib/table/keys.ts';
import { booksOf, type Books } from './books.ts';
import { readLedgers } from './ledgers.ts';
import { countMessages, readMarkers, readOutbox } from './look.ts';
import { placedOf, type Run } from './run.ts';
import { inboxesOf, outboxesOf, type InboxPlace } from './shop.ts';
import { sumOf } from './sum.ts';

/** The outcomes of a run's orders, according to the tables and the queues. */
export interface Tally {
  readonly books: Books;
  readonly orderPlaced: EventTally;
  /** Events that say of an order what another one of the same type said before. */
  readonly repeated: number;
  readonly eventsOfFailed: number;
  /** Messages that inboxes have not handled yet. */
  readonly queued: number;
  readonly deadLetters: number;
  readonly latenciesMs: readonly number[];
}

/** One type of event on its way. */
export interface EventTally {
  readonly committed: number;
  readonly delivered: number;
  readonly handled: number;
}

/** Counts. Assumes nothing: what is not in a table or a queue is not counted. */
export async function takeTally(run: Run): Promise<Tally> {
  const [ledgers, { entries, published }, queued, deadLetters] = await Promise.all([
    readLedgers(run),
    readEvents(run),
    sumOverInboxes(run, (inbox) => countMessages(run.clients, inbox.queueUrl)),
    sumOverInboxes(run, (inbox) => countMessages(run.clients, inbox.deadLetterQueueUrl)),
  ]);
  const placed = entries.filter(({ type }) => type === 'order.placed').map(({ id }) => id);
  const handled = await readMarkers(run.clients, run.shop.orders.inbox, placed);
  return {
    books: booksOf(ledgers),
    orderPlaced: {
      committed: placed.length,
      delivered: placed.filter((id) => published.has(id)).length,
      handled: handled.size,
    },
    repeated: entries.length - new Set(entries.map(subjectOf)).size,
    eventsOfFailed: countOfFailed(entries, run),
    queued,
    deadLetters,
    latenciesMs: [...handled].map(([id, handledAt]) => handledAt - timeOfId(id)),
  };
}

/** What all services wrote about the run's orders. */
async function readEvents(run: Run): Promise<{ entries: Entry[]; published: Set<string> }> {
  const { shop, clients, since } = run;
  const orders = new Set(placedOf(run).map(({ order }) => order.orderId));
  const contents = await Promise.all(
    outboxesOf(shop).map((outbox) => readOutbox(clients, outbox, since)),
  );
  return {
    entries: contents
      .flatMap(({ entries }) => entries)
      .filter(({ aggregate }) => orders.has(aggregate.slice(aggregate.indexOf('/') + 1))),
    published: new Set(contents.flatMap(({ published }) => [...published])),
  };
}

/** Nothing is said of an order twice. */
function subjectOf({ type, aggregate }: Entry): string {
  return `${type} ${aggregate}`;
}

function countOfFailed(entries: readonly Entry[], { requests }: Run): number {
  const failed = requests.filter(({ mustFail }) => mustFail);
  const correlationIds = new Set(failed.map(({ correlationId }) => correlationId));
  return entries.filter(({ correlationId = '' }) => correlationIds.has(correlationId)).length;
}

async function sumOverInboxes(
  { shop }: Run,
  count: (inbox: InboxPlace) => Promise<number>,
): Promise<number> {
  const counts = await Promise.all(inboxesOf(shop).map(count));
  return sumOf(counts, (number) => number);
}
