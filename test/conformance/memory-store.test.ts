import { createMemoryStore } from '../support/memory/store.ts';
import { describeStore } from './store.ts';

describeStore('the store in memory', (options) => {
  const store = createMemoryStore(options);
  return Promise.resolve({
    store,
    put: (row) => {
      store.table.put(row);
      return Promise.resolve();
    },
    rows: () => Promise.resolve(store.table.rows()),
  });
});
