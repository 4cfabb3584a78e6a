import { createMemoryArchive, createMemoryLateEntries } from '../support/memory/archive.ts';
import { createMemorySweepStore } from '../support/memory/sweep-store.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { describeArchive } from './archive.ts';
import { describeLateEntries } from './late-entries.ts';
import { someTime } from '../support/entries.ts';

describeArchive('the archive in memory', () => Promise.resolve(createMemoryArchive()));

describeLateEntries('late entries in memory', () => {
  const store = createMemorySweepStore({ shards: 4, clock: createVirtualClock(someTime) });
  return Promise.resolve({ ...store, ...createMemoryLateEntries(store.table) });
});
