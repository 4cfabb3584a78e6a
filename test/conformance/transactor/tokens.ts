import { randomUUID } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { actionsOn, key, type TransactorFactory } from './subject.ts';

export function describeTokens(create: TransactorFactory): void {
  describe('tokens', () => {
    it('changes nothing when the same transaction comes again with its token', async () => {
      const { transactor, tableName } = await create();
      const { put, remove } = actionsOn(tableName);
      const once = [put('a', { ConditionExpression: 'attribute_not_exists(pk)' })];
      const token = randomUUID();
      await transactor.transact(once, token);
      await transactor.transact([remove('a')], randomUUID());

      const result = await transactor.transact(once, token);

      expect(result).toEqual({ status: 'committed' });
      expect(await transactor.get(tableName, key('a'))).toBeUndefined();
    });

    it('refuses another transaction with a token that was used', async () => {
      const { transactor, tableName } = await create();
      const { put } = actionsOn(tableName);
      const token = randomUUID();
      await transactor.transact([put('a')], token);

      await expect(transactor.transact([put('b')], token)).rejects.toMatchObject({
        code: 'TOKEN_MISMATCH',
      });
    });

    it('takes a token again after the transaction that had it was cancelled', async () => {
      const { transactor, tableName } = await create();
      const { put, remove } = actionsOn(tableName);
      const once = [put('a', { ConditionExpression: 'attribute_not_exists(pk)' })];
      const token = randomUUID();
      await transactor.transact([put('a')], randomUUID());
      const first = await transactor.transact(once, token);
      await transactor.transact([remove('a')], randomUUID());

      const second = await transactor.transact(once, token);

      expect([first.status, second.status]).toEqual(['cancelled', 'committed']);
      expect(await transactor.get(tableName, key('a'))).toBeDefined();
    });
  });
}
