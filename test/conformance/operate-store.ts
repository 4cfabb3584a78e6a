import { describe } from 'vitest';

import { describeLookup } from './operate-store/lookup.ts';
import { describeReplayNotes } from './operate-store/replay-notes.ts';
import type { OperateStoreFactory } from './operate-store/subject.ts';

/** What every store of an operator must do beside what a sweeper's does. */
export function describeOperateStore(name: string, create: OperateStoreFactory): void {
  describe(name, () => {
    describeLookup(create);
    describeReplayNotes(create);
  });
}
