import { describe, expect, it } from 'vitest';

import { ownLimits } from '../../lib/core/limits.ts';
import { rowToWaiting, waitingToRow, withAttempt } from '../../lib/table/waiting.ts';
import { aWaiting } from '../support/entries.ts';
import { refuses } from '../support/world.ts';
import { createLocalOutbox } from './support/local-outbox.ts';

describe('the attempts of an entry that waits', () => {
  it('are shown one by one, those before a redrive included', async () => {
    const world = await createLocalOutbox();
    world.script.decide = refuses('Novelty');
    const [entry] = await world.deliver({});
    world.clock.advance(3_600_000);
    await world.sweep();
    world.script.decide = refuses('MalformedDetail');
    await world.outbox(`redrive ${entry!.id} --yes`);
    await world.sweep();

    const { out } = await world.outbox(`show ${entry!.id}`);

    expect(out).toMatch(
      /recent attempts +\S+Z {2}Novelty\n +\S+Z {2}Novelty\n +\S+Z {2}MalformedDetail\n/,
    );
    expect(out).toMatch(/attempts +1\n/);
  });

  it('are the last ones, with no more of each than fits', () => {
    const many = Array.from({ length: 50 }, (_, at) => ({ at, code: 'Busy' }));

    const tried = withAttempt(many, { at: 50, code: 'c'.repeat(10_000) });

    expect(tried).toHaveLength(ownLimits.maxAttemptsKept);
    expect(tried.at(0)?.at).toBe(51 - ownLimits.maxAttemptsKept);
    expect(tried.at(-1)).toEqual({ at: 50, code: 'c'.repeat(ownLimits.maxErrorCodeBytes) });
  });

  it('are kept in its row; what is no list is none', () => {
    const waiting = aWaiting({ recentAttempts: [{ at: 1, code: 'Busy' }] });

    expect(rowToWaiting(waitingToRow(waiting))).toEqual(waiting);
    expect(
      rowToWaiting({ ...waitingToRow(waiting), recentAttempts: 'nonsense' }).recentAttempts,
    ).toBeUndefined();
  });
});
