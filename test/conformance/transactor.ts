import { describe } from 'vitest';

import { describeConditions } from './transactor/conditions.ts';
import { describeRefusals } from './transactor/refusals.ts';
import { describeSingleWrites } from './transactor/single-writes.ts';
import type { TransactorFactory } from './transactor/subject.ts';
import { describeTokens } from './transactor/tokens.ts';
import { describeWrites } from './transactor/writes.ts';

/** What every transactor must do: its cases run on DynamoDB's and on the one in memory. */
export function describeTransactor(name: string, create: TransactorFactory): void {
  describe(name, () => {
    describeWrites(create);
    describeConditions(create);
    describeTokens(create);
    describeRefusals(create);
    describeSingleWrites(create);
  });
}
