import type { Entry } from '../table/entry.ts';
import { entryPrefix } from '../table/keys.ts';
import { deliver, type DeliveryBatch, type DeliverPorts } from './deliver.ts';
import {
  watchAcceptance,
  createBlockedBatches,
  createLagNoter,
  type BlockedPorts,
} from './relay-notes.ts';
import type { InvalidPageRow, Notes } from '../table/stores.ts';
import {
  decodeRecord,
  keyOfRecord,
  withoutSwept,
  type DynamoDBBatchResponse,
  type DynamoDBRecord,
  type DynamoDBStreamEvent,
} from './stream.ts';

/** What the relay needs of the world. */
export interface RelayPorts extends DeliverPorts {
  readonly store: DeliverPorts['store'] &
    Pick<Notes, 'noteLag' | 'readWatermark'> &
    BlockedPorts['store'];
}

/** What the relay uses of a Lambda context. */
export interface Invocation {
  getRemainingTimeInMillis(): number;
}

export type RelayHandler = (
  event: DynamoDBStreamEvent,
  invocation: Invocation,
) => Promise<DynamoDBBatchResponse>;

/** Kept back from an invocation's time: for calls under way at the deadline (seven seconds), and for recording their outcomes. */
const reserveMs = 15_000;

/**
 * The function behind the outbox table's stream: delivers the entries of a batch.
 *
 * Returns at most one identifier, the first record that is not settled; Lambda then brings
 * everything from it on again. That happens in an outage only. Everything else is settled here: what
 * cannot be delivered goes to the waiting room, so no entry ever blocks the shard behind it. A batch of which no
 * destination takes anything looks like an outage; it goes to the waiting room as soon as a destination is known to
 * take other entries, which the sweeper finds out within two minutes.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 */
export function createRelay(given: RelayPorts): RelayHandler {
  const watched = watchAcceptance(given.destinations, given);
  const ports = { ...given, ...watched };
  const noteLag = createLagNoter(ports);
  const blocked = createBlockedBatches(ports);
  return async ({ Records }, invocation) => {
    const deadline = ports.clock.now() + invocation.getRemainingTimeInMillis() - reserveMs;
    const records = await withoutSwept(Records, ports);
    const delivery = deliveryOf(records, ports);
    let isBlocked = false;
    const takesOthers = async (): Promise<boolean> => {
      const isPassed = await blocked.isPassedByOthers(delivery.entries[0]?.id ?? '', watched);
      isBlocked = !isPassed;
      return isPassed;
    };
    const unsettled = await deliver(delivery, ports, { deadline, takesOthers });
    // Last: only a relay that lives to say so is waited for, and only where it still has something to deliver.
    await noteLag(records, { isBlocked });
    return { batchItemFailures: firstOf(unsettled, records) };
  };
}

function deliveryOf(records: readonly DynamoDBRecord[], { log }: RelayPorts): DeliveryBatch {
  const entries = new Map<string, Entry>();
  const invalid: InvalidPageRow[] = [];
  for (const record of records.map(decodeRecord)) {
    // By id: a stream may bring a record twice, even in one batch.
    if (record.kind === 'entry') entries.set(record.entry.id, record.entry);
    if (record.kind === 'invalid') invalid.push(record.row);
    if (record.kind === 'imageless')
      log.error('no image: set the stream to NEW_IMAGE', { ...record.key });
  }
  return { entries: [...entries.values()], invalid };
}

function firstOf(
  unsettled: readonly Entry[],
  records: readonly DynamoDBRecord[],
): DynamoDBBatchResponse['batchItemFailures'] {
  if (unsettled.length === 0) return [];
  const sortKeys = new Set(unsettled.map(({ id }) => `${entryPrefix}${id}`));
  const first = records.find((record) => sortKeys.has(keyOfRecord(record).sk));
  // Without a sequence number the identifier is empty, which Lambda takes for the whole batch: rightly.
  return [{ itemIdentifier: first?.dynamodb?.SequenceNumber ?? '' }];
}
