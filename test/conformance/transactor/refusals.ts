import { randomUUID } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { actionsOn, key, type TransactorFactory } from './subject.ts';

export function describeRefusals(create: TransactorFactory): void {
  describe('refusals', () => {
    it('names the tables where one does not exist', async () => {
      const { transactor, tableName } = await create();

      const writing = transactor.transact(
        [actionsOn(tableName).put('a'), actionsOn('no-such-table').put('a')],
        randomUUID(),
      );

      await expect(writing).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' });
      await expect(writing).rejects.toThrow('no-such-table');
      expect(await transactor.get(tableName, key('a'))).toBeUndefined();
    });

    it('names the table where one to read from does not exist', async () => {
      const { transactor } = await create();

      const reading = transactor.get('no-such-table', key('a'));

      await expect(reading).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' });
      await expect(reading).rejects.toThrow('no-such-table');
    });

    it('refuses two actions on one item, two puts as well', async () => {
      const { transactor, tableName } = await create();
      const { put } = actionsOn(tableName);

      const writing = transactor.transact([put('a'), put('b'), put('a')], randomUUID());

      await expect(writing).rejects.toMatchObject({ code: 'DUPLICATE_ITEM' });
      await expect(writing).rejects.toThrow(tableName);
    });
  });
}
