import { describe, expect, it } from 'vitest';

import { entryPrefix } from '../../lib/table/keys.ts';
import { createRelay } from '../../lib/delivery/relay.ts';
import { createMemoryStore } from '../support/memory/store.ts';
import { createStreamTrigger } from '../support/stream-trigger.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import {
  accepts,
  countingIds,
  entryOf,
  insertOfEntry,
  recordingLog,
  recordingMeter,
  retentionMs,
  scripted,
  shards,
  type Script,
} from '../support/world.ts';

const secondsPerCall = 5;
const entriesOfBatch = 60;

describe('a relay whose destination is so slow that a batch takes several runs', () => {
  it('gets on with each run, whatever sequences the entries have', async () => {
    const clock = createVirtualClock(Date.UTC(2026, 10, 21, 4, 37));
    const newId = countingIds();
    const script: { decide: Script } = { decide: accepts };
    const bus = scripted(script, { maxEntriesPerCall: 1 });
    script.decide = (one) => {
      clock.advance(secondsPerCall * 1000);
      return accepts(one);
    };
    const relay = createRelay({
      store: createMemoryStore({ shards }),
      destinations: [bus],
      ...{ clock, newId, retentionMs, log: recordingLog(), meter: recordingMeter() },
      ...{ random: () => 0.5, source: 'orders', maxAttempts: 5 },
    });
    const trigger = createStreamTrigger(
      (event) => relay(event, { getRemainingTimeInMillis: () => 60_000 }),
      {
        batchSize: entriesOfBatch,
        retryAttempts: 100,
        maxRecordAgeMs: 23 * 3_600_000,
        bisectBatchOnError: true,
        filter: ({ dynamodb }) => dynamodb?.Keys?.['sk']?.S?.startsWith(entryPrefix) ?? false,
      },
      clock,
    );
    for (let index = 0; index < entriesOfBatch; index++) {
      const aggregate = `order/${index}`;
      // The newest histories first: theirs are the low sequences, at the end of the batch.
      const entry = entryOf(newId(clock.now()), { aggregate, sequence: entriesOfBatch - index });
      trigger.append(insertOfEntry(entry), 0);
    }

    let runs = 0;
    for (; !trigger.isDrained() && runs < 100; runs++) await trigger.poll();

    const callsPerRun = (60 - 15) / secondsPerCall;
    expect(runs).toBeLessThanOrEqual(Math.ceil(entriesOfBatch / callsPerRun));
    expect(bus.arrived).toHaveLength(entriesOfBatch);
  });
});
