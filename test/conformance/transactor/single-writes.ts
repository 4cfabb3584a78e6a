import { describe, expect, it } from 'vitest';

import { actionsOn, key, type TransactorFactory } from './subject.ts';

export function describeSingleWrites(create: TransactorFactory): void {
  describe('an action sent alone', () => {
    it('puts, updates and deletes', async () => {
      const { transactor, tableName } = await create();
      const { put, update, remove } = actionsOn(tableName);

      await transactor.write(put('a'));
      await transactor.write(put('b'));
      await transactor.write(remove('a'));
      const result = await transactor.write(
        update('b', {
          UpdateExpression: 'SET size = :one',
          ExpressionAttributeValues: { ':one': 1 },
        }),
      );

      expect(result).toEqual({ status: 'committed' });
      expect(await transactor.get(tableName, key('a'))).toBeUndefined();
      expect(await transactor.get(tableName, key('b'))).toEqual({
        ...key('b'),
        state: 'new',
        size: 1,
      });
    });

    it('changes nothing where its condition fails, and returns the old item where it is asked for', async () => {
      const { transactor, tableName } = await create();
      const { put } = actionsOn(tableName);
      const isNew = { ConditionExpression: 'attribute_not_exists(pk)' };
      await transactor.write(put('a', { Item: { ...key('a'), state: 'old' } }));

      const plain = await transactor.write(put('a', isNew));
      const asking = await transactor.write(
        put('a', { ...isNew, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
      );

      const failed = { code: 'ConditionalCheckFailed' };
      expect(plain).toMatchObject({ status: 'cancelled', reasons: [failed] });
      expect(plain).not.toHaveProperty('reasons.0.item');
      expect(asking).toMatchObject({
        status: 'cancelled',
        reasons: [{ ...failed, item: { ...key('a'), state: 'old' } }],
      });
      expect(await transactor.get(tableName, key('a'))).toEqual({ ...key('a'), state: 'old' });
    });

    it('names the table where it does not exist', async () => {
      const { transactor } = await create();

      const writing = transactor.write(actionsOn('no-such-table').put('a'));

      await expect(writing).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' });
    });
  });
}
