import { describe, expect, it } from 'vitest';

import { mendAlone } from '../../../lib/runtime/reconcile/mend-alone.ts';
import type { MendPorts } from '../../../lib/runtime/reconcile/options.ts';
import type { TransactionResult } from '../../../lib/runtime/transaction/transactor.ts';
import { createVirtualClock } from '../../../lib/testing/virtual-clock.ts';
import { countingIds, recordingLog } from '../../support/world.ts';

const throttled = { status: 'busy', code: 'ThrottlingError' } as const;
const committed = { status: 'committed' } as const;

/** A reconciliation that mends, on a table that answers as it is told. */
function portsOf(...answers: (TransactionResult | Error)[]) {
  const clock = createVirtualClock(0);
  const log = recordingLog();
  const write = () => {
    const answer = answers.shift() ?? committed;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const mend = {
    ...{ transactor: { write }, clock, random: () => 0, newId: countingIds(), log },
  } as unknown as MendPorts;
  const settings = { name: 'orders', tableName: 'outbox' };
  return { settings, mend, clock, log } as unknown as Parameters<typeof mendAlone>[0] & {
    readonly log: ReturnType<typeof recordingLog>;
  };
}

describe('a run that mends alone', () => {
  it('takes a throttled table for no other run', async () => {
    const ports = portsOf(throttled, throttled, committed);

    const ran = await mendAlone(ports, 60_000, (mend) => Promise.resolve(mend));

    expect(ran).toBe(ports.mend);
    expect(ports.log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('shows the error of its work, not that of giving the lease back', async () => {
    const ports = portsOf(committed, new Error('no table'));

    const running = mendAlone(ports, 60_000, () => Promise.reject(new Error('no orders')));

    await expect(running).rejects.toThrow('no orders');
    expect(ports.log.lines).toMatchObject([{ level: 'warn' }]);
  });
});
