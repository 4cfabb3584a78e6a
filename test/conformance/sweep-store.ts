import { describe } from 'vitest';

import { describeHoldCount } from './sweep-store/hold-count.ts';
import { describeLeases } from './sweep-store/leases.ts';
import { describeLeaving } from './sweep-store/leaving.ts';
import { describeListing } from './sweep-store/listing.ts';
import { describeOpenPages } from './sweep-store/open-pages.ts';
import { describeRecords } from './sweep-store/records.ts';
import type { SweepStoreFactory } from './sweep-store/subject.ts';
import { describeTaking } from './sweep-store/taking.ts';
import { describeBackdated } from './sweep-store/backdated.ts';
import { describeWatermarks } from './sweep-store/watermarks.ts';

/** What every store of a sweeper must do: its cases run on DynamoDB's and on the one in memory. */
export function describeSweepStore(
  name: string,
  create: SweepStoreFactory,
  { interleavings }: { interleavings: number },
): void {
  describe(name, () => {
    describeOpenPages(create);
    describeListing(create);
    describeTaking(create);
    describeLeaving(create);
    describeHoldCount(create, interleavings);
    describeWatermarks(create);
    describeBackdated(create);
    describeLeases(create);
    describeRecords(create);
  });
}
