import { randomUUID } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { actionsOn, key, type TransactorFactory } from './subject.ts';

export function describeWrites(create: TransactorFactory): void {
  describe('writes', () => {
    it('puts items that are read back as they were', async () => {
      const { transactor, tableName } = await create();
      const item = {
        ...key('a'),
        text: 'é€😀',
        number: 12.5,
        yes: true,
        nothing: null,
        list: [1, 'two'],
        map: { deep: { er: 1 } },
        bytes: new Uint8Array([1, 2]),
        names: new Set(['x', 'y']),
      };

      const result = await transactor.transact(
        [actionsOn(tableName).put('a', { Item: item })],
        randomUUID(),
      );

      expect(result).toEqual({ status: 'committed' });
      expect(await transactor.get(tableName, key('a'))).toEqual(item);
    });

    it('reads nothing where there is no item', async () => {
      const { transactor, tableName } = await create();

      expect(await transactor.get(tableName, key('a'))).toBeUndefined();
    });

    it('puts over an item, whole', async () => {
      const { transactor, tableName } = await create();
      const { put } = actionsOn(tableName);
      await transactor.transact([put('a', { Item: { ...key('a'), old: 1 } })], randomUUID());

      await transactor.transact([put('a', { Item: { ...key('a'), young: 2 } })], randomUUID());

      expect(await transactor.get(tableName, key('a'))).toEqual({ ...key('a'), young: 2 });
    });

    it('updates some attributes and removes others', async () => {
      const { transactor, tableName } = await create();
      const { put, update } = actionsOn(tableName);
      const before = { ...key('a'), kept: 1, changed: 1, removed: 1 };
      await transactor.transact([put('a', { Item: before })], randomUUID());

      await transactor.transact(
        [
          update('a', {
            UpdateExpression: 'SET #changed = :two, added = :three REMOVE removed',
            ExpressionAttributeNames: { '#changed': 'changed' },
            ExpressionAttributeValues: { ':two': 2, ':three': 3 },
          }),
        ],
        randomUUID(),
      );

      expect(await transactor.get(tableName, key('a'))).toEqual({
        ...key('a'),
        kept: 1,
        changed: 2,
        added: 3,
      });
    });

    it('makes the item that an update finds missing', async () => {
      const { transactor, tableName } = await create();

      await transactor.transact(
        [
          actionsOn(tableName).update('a', {
            UpdateExpression: 'SET size = :one',
            ExpressionAttributeValues: { ':one': 1 },
          }),
        ],
        randomUUID(),
      );

      expect(await transactor.get(tableName, key('a'))).toEqual({ ...key('a'), size: 1 });
    });

    it('deletes an item, and does not mind where there is none', async () => {
      const { transactor, tableName } = await create();
      const { put, remove } = actionsOn(tableName);
      await transactor.transact([put('a')], randomUUID());

      const result = await transactor.transact([remove('a'), remove('b')], randomUUID());

      expect(result).toEqual({ status: 'committed' });
      expect(await transactor.get(tableName, key('a'))).toBeUndefined();
    });
  });
}
