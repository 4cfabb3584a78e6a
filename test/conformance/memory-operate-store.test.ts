import { createMemoryOperateStore } from '../support/memory/operate-store.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { describeOperateStore } from './operate-store.ts';
import { someTime } from '../support/entries.ts';

describeOperateStore("the operator's store in memory", ({ shards }) => {
  const store = createMemoryOperateStore({ shards, clock: createVirtualClock(someTime) });
  return Promise.resolve({
    store,
    put: (row) => {
      store.table.put(row);
      return Promise.resolve();
    },
  });
});
