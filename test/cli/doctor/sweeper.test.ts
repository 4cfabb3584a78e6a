import { describe, expect, it } from 'vitest';

import { checkSweeper, judgeSweeper } from '../../../lib/cli/doctor/sweeper.ts';
import type { SweepReport } from '../../../lib/contract/sweep-report.ts';
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

  it.each<[string, string | undefined, SweepReport | undefined, string, string]>([
    ['is not to be seen', undefined, aSweep(), 'none was found', 'deploy'],
    ['has never run', 'Sweeper', undefined, 'it has never run', 'is its schedule enabled?'],
    [
      'has been quiet for six minutes',
      'Sweeper',
      aSweep({ agoMs: 6 * minute }),
      'it has not run for 6 min',
      'is its schedule enabled?',
    ],
    ['failed', 'Sweeper', aSweep({ ended: 'failed' }), 'its last run failed', 'log of Sweeper'],
    [
      'reached nobody',
      'Sweeper',
      aSweep({ ended: 'outage' }),
      'its last run reached no destination',
      'destinations',
    ],
  ])('is a problem where it %s', (_, name, last, what, mend) => {
    const findings = judgeSweeper(name, last, someTime);

    expect(findings).toMatchObject([{ severity: 'problem', about: 'sweeper', what }]);
    expect(findings[0]?.mend).toContain(mend);
  });

  it('may have run out of time: the next run goes on', () => {
    const findings = judgeSweeper('Sweeper', aSweep({ ended: 'out of time' }), someTime);

    expect(findings).toMatchObject([{ severity: 'ok' }]);
  });
});
