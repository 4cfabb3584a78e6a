import type { Clock } from '../../lib/core/ports.ts';
import type {
  DynamoDBBatchResponse,
  DynamoDBRecord,
  DynamoDBStreamEvent,
} from '../../lib/delivery/stream.ts';

/** The settings of an event source mapping that decide what becomes of a failing batch. */
export interface StreamTriggerSettings {
  readonly batchSize: number;
  /** Retries of one batch; bisecting does not count against them. */
  readonly retryAttempts: number;
  readonly maxRecordAgeMs: number;
  readonly bisectBatchOnError: boolean;
  /** What the filter lets through. What it does not is passed by for good. */
  readonly filter: (record: DynamoDBRecord) => boolean;
}

/** The function behind the trigger. A throw is a crash: time-out, out of memory, an error. */
export type StreamFunction = (
  event: DynamoDBStreamEvent,
) => Promise<DynamoDBBatchResponse | null | undefined>;

/**
 * A DynamoDB stream and Lambda's trigger on it, in memory, one step at a time.
 *
 * Behaves as AWS documents it where local emulators do not: the lowest identifier reported is the
 * checkpoint, everything from it on is retried, and bisecting splits the batch there and nowhere else; an
 * unknown identifier or a throw fails the whole batch, which is bisected in the middle; an answer without
 * identifiers is success; attempts and age run out; records vanish after a day.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 */
export interface StreamTrigger {
  /** Appends a record to a shard, as a write to the table does. */
  append(record: DynamoDBRecord, shard: number): void;
  /** Polls each shard once: at most one invocation per shard. */
  poll(): Promise<void>;
  /** Whether every record has been passed. */
  isDrained(): boolean;
  /** Batches given up after their attempts or their age: what the on-failure queue would be told of. */
  readonly givenUp: readonly (readonly DynamoDBRecord[])[];
}

const retentionMs = 24 * 60 * 60 * 1000;

interface Batch {
  readonly records: readonly DynamoDBRecord[];
  readonly retries: number;
}

interface Shard {
  readonly unread: DynamoDBRecord[];
  /** Batches being retried, in order; only the first is ever invoked. */
  readonly batches: Batch[];
}

/**
 * A stream without records, and the trigger that invokes a function for them.
 *
 * @param invoke the function; what it answers decides what comes again
 * @param clock by which records grow old
 */
export function createStreamTrigger(
  invoke: StreamFunction,
  settings: StreamTriggerSettings,
  clock: Clock,
): StreamTrigger {
  const shards = new Map<number, Shard>();
  const givenUp: (readonly DynamoDBRecord[])[] = [];
  let sequenceNumber = 0;

  const pollShard = async (shard: Shard): Promise<void> => {
    dropTrimmed(shard, clock.now() - retentionMs);
    const batch = shard.batches.shift() ?? nextBatch(shard, settings);
    if (batch === undefined) return;
    const left = await leftAfter(invoke, batch.records);
    const retries = retriesOf(batch, left, settings);
    const isGivenUp = (retry: Batch): boolean =>
      retry.retries > settings.retryAttempts ||
      retry.records.some((record) => timeOf(record) < clock.now() - settings.maxRecordAgeMs);
    givenUp.push(...retries.filter(isGivenUp).map(({ records }) => records));
    shard.batches.unshift(...retries.filter((retry) => !isGivenUp(retry)));
  };

  return {
    givenUp,
    append: (record, index) => {
      const shard = shards.get(index) ?? { unread: [], batches: [] };
      shards.set(index, shard);
      shard.unread.push(stamped(record, { sequenceNumber: ++sequenceNumber, now: clock.now() }));
    },
    poll: async () => {
      for (const shard of shards.values()) await pollShard(shard);
    },
    isDrained: () =>
      [...shards.values()].every(
        ({ unread, batches }) => unread.length === 0 && batches.length === 0,
      ),
  };
}

/** Invokes once; answers with the records that are to come again, and whether the whole batch failed. */
async function leftAfter(
  invoke: StreamFunction,
  records: readonly DynamoDBRecord[],
): Promise<{ readonly records: readonly DynamoDBRecord[]; readonly isWhole: boolean }> {
  const whole = { records, isWhole: true };
  let response: Partial<DynamoDBBatchResponse> | null | undefined;
  try {
    response = await invoke({ Records: [...records] });
  } catch {
    // A crash of the function is what this stands in for; Lambda too only sees that there was one.
    return whole;
  }
  const reported = (response?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
  if (reported.length === 0) return { records: [], isWhole: false };
  const indexes = reported.map((id) =>
    records.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === id),
  );
  const first = Math.min(...indexes);
  return first < 0 ? whole : { records: records.slice(first), isWhole: false };
}

function retriesOf(
  batch: Batch,
  left: { readonly records: readonly DynamoDBRecord[]; readonly isWhole: boolean },
  { bisectBatchOnError }: StreamTriggerSettings,
): Batch[] {
  if (left.records.length === 0) return [];
  if (!left.isWhole) return [{ records: left.records, retries: batch.retries + 1 }];
  if (!bisectBatchOnError || left.records.length === 1) {
    return [{ records: left.records, retries: batch.retries + 1 }];
  }
  const middle = Math.ceil(left.records.length / 2);
  return [left.records.slice(0, middle), left.records.slice(middle)].map((records) => ({
    records,
    retries: batch.retries,
  }));
}

function nextBatch(
  { unread }: Shard,
  { batchSize, filter }: StreamTriggerSettings,
): Batch | undefined {
  const records = unread.splice(0, batchSize).filter(filter);
  return records.length === 0 ? undefined : { records, retries: 0 };
}

function dropTrimmed({ unread }: Shard, before: number): void {
  while (unread[0] !== undefined && timeOf(unread[0]) < before) unread.shift();
}

function timeOf({ dynamodb }: DynamoDBRecord): number {
  return (dynamodb?.ApproximateCreationDateTime ?? 0) * 1000;
}

function stamped(
  record: DynamoDBRecord,
  { sequenceNumber, now }: { sequenceNumber: number; now: number },
): DynamoDBRecord {
  return {
    ...record,
    dynamodb: {
      ...record.dynamodb,
      SequenceNumber: String(sequenceNumber).padStart(21, '0'),
      ApproximateCreationDateTime: now / 1000,
    },
  };
}
