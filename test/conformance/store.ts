import { describe } from 'vitest';

import { describeHolds } from './store/holds.ts';
import { describeLag } from './store/lag.ts';
import { describePages } from './store/pages.ts';
import { describeSizes } from './store/sizes.ts';
import type { StoreFactory } from './store/subject.ts';
import { describeWaitingRoom } from './store/waiting-room.ts';

/** What every store must do: its cases run on DynamoDB's and on the one in memory. */
export function describeStore(name: string, create: StoreFactory): void {
  describe(name, () => {
    describePages(create);
    describeWaitingRoom(create);
    describeHolds(create);
    describeSizes(create);
    describeLag(create);
  });
}
