import { describe, expect, it } from 'vitest';

import { repairAlone } from '../../lib/reconciliation/repair.ts';
import type { RepairPorts } from '../../lib/reconciliation/options.ts';
import type { TransactionResult } from '../../lib/dynamodb/actions.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { countingIds, recordingLog } from '../support/world.ts';

const throttled = { status: 'busy', code: 'ThrottlingError' } as const;
const committed = { status: 'committed' } as const;

/** A reconciliation that repairs, on a table that answers as it is told. */
function portsOf(...answers: (TransactionResult | Error)[]) {
  const clock = createVirtualClock(0);
  const log = recordingLog();
  const write = () => {
    const answer = answers.shift() ?? committed;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const repair = {
    ...{ transactor: { write }, clock, random: () => 0, newId: countingIds(), log },
  } as unknown as RepairPorts;
  const settings = { name: 'orders', tableName: 'outbox' };
  const reader = { readRows: () => Promise.resolve([]) };
  return { settings, repair, clock, log, reader } as unknown as Parameters<
    typeof repairAlone
  >[0] & {
    readonly log: ReturnType<typeof recordingLog>;
  };
}

const scheduled = { window: { since: 0, until: 1 }, isScheduled: true };

describe('a run that repairs alone', () => {
  it('takes a throttled table for no other run', async () => {
    const ports = portsOf(throttled, throttled, committed);

    const ran = await repairAlone(ports, scheduled, ({ repair }) => Promise.resolve(repair));

    expect(ran).toBe(ports.repair);
    expect(ports.log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('shows the error of its work, not that of giving the lease back', async () => {
    const ports = portsOf(committed, new Error('no table'));

    const running = repairAlone(ports, scheduled, () => Promise.reject(new Error('no orders')));

    await expect(running).rejects.toThrow('no orders');
    expect(ports.log.lines).toMatchObject([{ level: 'warn' }]);
  });

  it('renews its lease as long as it works, and is lost when another run has taken it', async () => {
    const taken = {
      status: 'cancelled',
      reasons: [{ code: 'ConditionalCheckFailed' }],
    } satisfies TransactionResult;
    const ports = portsOf(committed, committed, taken);
    const lost: boolean[] = [];

    await repairAlone(ports, scheduled, async ({ keepAlive, isLost }) => {
      for (const ms of [1_000, 20_000, 20_000]) {
        (ports.clock as ReturnType<typeof createVirtualClock>).advance(ms);
        await keepAlive();
        lost.push(isLost());
      }
    });

    expect(lost).toEqual([false, false, true]);
  });
});
