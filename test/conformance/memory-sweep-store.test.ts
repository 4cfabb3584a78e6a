import { createMemorySweepStore } from '../support/memory/sweep-store.ts';
import { systemClock } from '../../lib/core/system.ts';
import { describeStore } from './store.ts';
import { describeSweepStore } from './sweep-store.ts';

function create({ shards }: { shards: number }) {
  const store = createMemorySweepStore({ shards, clock: systemClock });
  return Promise.resolve({
    store,
    put: (row: Record<string, unknown>) => {
      store.table.put(row);
      return Promise.resolve();
    },
    rows: () => Promise.resolve(store.table.rows()),
  });
}

describeStore("the sweeper's store in memory, as a relay's", create);
describeSweepStore("the sweeper's store in memory", create, { interleavings: 300 });
