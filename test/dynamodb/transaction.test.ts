import { describe, expect, it } from 'vitest';

import { commit, commitAlone, commitDefaults } from '../../lib/dynamodb/transaction.ts';
import type { TransactItem } from '../../lib/dynamodb/actions.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { cancelledFor, scripted, type Script } from '../support/scripted-transactor.ts';

const put = (id: string): TransactItem => ({ Put: { TableName: 'orders', Item: { id } } });
const actions = [put('a'), put('b')];
const always =
  (result: ReturnType<Script>): Script =>
  () =>
    result;

function sending(script: Script, token?: string) {
  const clock = createVirtualClock(0);
  const transactor = scripted(script);
  const options = { clock, random: () => 0.5, ...(token === undefined ? {} : { token }) };
  return { clock, transactor, result: commit(transactor, actions, options) };
}

describe('commit', () => {
  it('sends the actions once where nothing is in the way', async () => {
    const { transactor, clock, result } = sending(always(undefined));

    expect(await result).toEqual({ status: 'committed', attempts: 1 });
    expect(transactor.sent.map((call) => call.actions)).toEqual([actions]);
    expect(clock.now()).toBe(0);
  });

  it.each(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'])(
    'tries again after %s, with the same token',
    async (code) => {
      const { transactor, result } = sending((call) =>
        call <= 2 ? cancelledFor(code, 'None') : undefined,
      );

      expect(await result).toEqual({ status: 'committed', attempts: 3 });
      expect(new Set(transactor.sent.map(({ token }) => token)).size).toBe(1);
    },
  );

  it('tries again where the database is still at work on the token', async () => {
    const busy = { status: 'busy', code: 'TransactionInProgressException' } as const;
    const { transactor, result } = sending((call) => (call === 1 ? busy : undefined));

    expect(await result).toEqual({ status: 'committed', attempts: 2 });
    expect(transactor.sent).toHaveLength(2);
  });

  it('waits longer each time, a random share of a bound that ends at two seconds', async () => {
    const { clock, result } = sending((call) =>
      call <= 7 ? cancelledFor('TransactionConflict', 'None') : undefined,
    );
    await result;

    expect(clock.now()).toBe((50 + 100 + 200 + 400 + 800 + 1600 + 2000) / 2);
  });

  it('gives up after eight tries, and tells how to go on', async () => {
    const { transactor, result } = sending(
      always(cancelledFor('TransactionConflict', 'None')),
      'token-1',
    );

    await expect(result).rejects.toMatchObject({
      code: 'TRANSACTION_CONFLICT',
      details: { codes: ['TransactionConflict'], attempts: 8, token: 'token-1' },
      cause: new Error('cancelled'),
    });
    expect(transactor.sent).toHaveLength(8);
    expect(commitDefaults.maxAttempts).toBe(8);
  });

  it('never tries a failed condition again, and names the actions', async () => {
    const { transactor, result } = sending(always(cancelledFor('None', 'ConditionalCheckFailed')));

    expect(await result).toMatchObject({
      status: 'condition-failed',
      failures: [{ index: 1, reason: { code: 'ConditionalCheckFailed' } }],
    });
    expect(transactor.sent).toHaveLength(1);
  });

  it('takes a failed condition for the answer where others met a conflict', async () => {
    const { result } = sending(
      always(cancelledFor('TransactionConflict', 'ConditionalCheckFailed')),
    );

    expect(await result).toMatchObject({ status: 'condition-failed', failures: [{ index: 1 }] });
  });

  it('throws all reasons that no retry would change', async () => {
    const { transactor, result } = sending(
      always(cancelledFor('ValidationError', 'TransactionConflict')),
    );

    await expect(result).rejects.toMatchObject({
      code: 'TRANSACTION_CANCELLED',
      details: {
        reasons: [
          { index: 0, tableName: 'orders', code: 'ValidationError' },
          { index: 1, tableName: 'orders', code: 'TransactionConflict' },
        ],
      },
    });
    expect(transactor.sent).toHaveLength(1);
  });

  it('throws where a cancelled transaction has no reasons', async () => {
    const { result } = sending(always(cancelledFor()));

    await expect(result).rejects.toMatchObject({ code: 'TRANSACTION_CANCELLED' });
  });

  it('lets through what the database throws: nobody knows what became of it', async () => {
    const broken = new Error('socket hang up');
    const { result } = sending(always(broken));

    await expect(result).rejects.toBe(broken);
  });

  it('takes a token of its own for each transaction', async () => {
    const first = sending(always(undefined));
    const second = sending(always(undefined));
    await Promise.all([first.result, second.result]);

    expect(first.transactor.sent[0]?.token).not.toBe(second.transactor.sent[0]?.token);
  });

  it.each(['', 'x'.repeat(37)])('refuses the token %o', async (token) => {
    const { transactor, result } = sending(always(undefined), token);

    await expect(result).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
      details: { length: token.length, limit: 36 },
    });
    expect(transactor.sent).toEqual([]);
  });

  it('sends nothing that is beyond the limits', async () => {
    const transactor = scripted(always(undefined));
    const options = { clock: createVirtualClock(0), random: Math.random };

    await expect(commit(transactor, [], options)).rejects.toMatchObject({
      code: 'NOTHING_TO_WRITE',
    });
    expect(transactor.sent).toEqual([]);
  });
});

describe('commitAlone', () => {
  it('sends the one action until the database has decided', async () => {
    const clock = createVirtualClock(0);
    const busy = { status: 'busy', code: 'TransactionConflictException' } as const;
    const answers = [busy, busy, cancelledFor('ConditionalCheckFailed')];
    const transactor = {
      ...scripted(always(undefined)),
      write: () => Promise.resolve(answers.shift() ?? busy),
    };

    const result = await commitAlone(transactor, put('a'), { clock, random: () => 0.5 });

    expect(result.status).toBe('condition-failed');
    expect(answers).toEqual([]);
    expect(clock.now()).toBe((50 + 100) / 2);
  });

  it('checks the action before it is sent', async () => {
    const large = { Put: { TableName: 'orders', Item: { id: 'x'.repeat(500_000) } } };
    const sending = commitAlone(scripted(always(undefined)), large, {
      clock: createVirtualClock(0),
      random: () => 0.5,
    });

    await expect(sending).rejects.toMatchObject({ code: 'ITEM_TOO_LARGE' });
  });
});
