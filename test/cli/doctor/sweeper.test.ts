import { describe, expect, it } from 'vitest';

import { checkSweeper, judgeSweeper } from '../../../lib/cli/doctor/schedules.ts';
import type { SweepReport } from '../../../lib/table/sweep-notes.ts';
import { someTime } from '../../support/entries.ts';
import { aSession } from '../support/session.ts';

const minute = 60_000;

function aSweep({ agoMs = minute, ended = 'done' }: { agoMs?: number; ended?: string } = {}) {
  return { startedAt: someTime - agoMs - 100, endedAt: someTime - agoMs, ended } as SweepReport;
}

describe('the sweeper', () => {
  it('is well where it ran a minute ago', async () => {
    expect(await checkSweeper(aSession({ lastSweep: aSweep() }))).toEqual([
      { severity: 'ok', about: 'sweeper', what: 'ran 1 min ago' },
    ]);
  });

  it.each<[string, SweepReport | undefined, { what: string; nextStep: string }]>([
    [
      'has never run',
      undefined,
      { what: 'it has never run', nextStep: 'is its schedule enabled?' },
    ],
    [
      'has been quiet for six minutes',
      aSweep({ agoMs: 6 * minute }),
      { what: 'it has not run for 6 min', nextStep: 'is its schedule enabled?' },
    ],
    [
      'failed',
      aSweep({ ended: 'failed' }),
      { what: 'its last run failed', nextStep: 'log of Sweeper' },
    ],
    [
      'reached no destination',
      aSweep({ ended: 'outage' }),
      { what: 'its last run reached no destination', nextStep: 'destinations' },
    ],
  ])('is a problem where it %s', (_, last, { what, nextStep }) => {
    const findings = judgeSweeper('Sweeper', last, { now: someTime });

    expect(findings).toMatchObject([{ severity: 'problem', about: 'sweeper', what }]);
    expect(findings[0]?.nextStep).toContain(nextStep);
  });

  it.each([
    ['never ran', undefined],
    ['was quiet before', aSweep({ agoMs: 60 * minute })],
  ])('is no problem in the minutes after a deployment where it %s', (_, last) => {
    const judge = (agoMs: number) =>
      judgeSweeper('Sweeper', last, { now: someTime, deployedAt: someTime - agoMs });

    expect(judge(40_000)).toMatchObject([
      { severity: 'ok', what: 'has not run since it was deployed 40 s ago' },
    ]);
    expect(judge(6 * minute)).toMatchObject([{ severity: 'problem' }]);
  });

  it('is a problem where none is to be seen', () => {
    expect(judgeSweeper(undefined, aSweep(), { now: someTime })).toMatchObject([
      { severity: 'problem', what: 'none was found' },
    ]);
  });

  it('may have run out of time: the next run goes on', () => {
    const findings = judgeSweeper('Sweeper', aSweep({ ended: 'out of time' }), { now: someTime });

    expect(findings).toMatchObject([{ severity: 'ok' }]);
  });
});
