import { describe, expect, it } from 'vitest';

import { createMemoryTable } from '../../lib/testing/memory-table.ts';
import { createMemoryTransactor } from '../../lib/testing/memory-transactor.ts';
import { describeTransactor } from '../conformance/transactor.ts';
import { actionsOn, key } from '../conformance/transactor/subject.ts';

describeTransactor('the transactor in memory', () =>
  Promise.resolve({
    transactor: createMemoryTransactor({ orders: ['pk', 'sk'] }),
    tableName: 'orders',
  }),
);

describe('the transactor in memory beside DynamoDB', () => {
  const { put, update, check } = actionsOn('orders');

  it('keeps items apart whose keys are array buffers', async () => {
    const transactor = createMemoryTransactor({ orders: ['id'] });
    const putOf = (byte: number) => ({
      Put: { TableName: 'orders', Item: { id: new Uint8Array([byte]).buffer, byte } },
    });

    await transactor.transact([putOf(1), putOf(2)], 'token');

    const found = await transactor.get('orders', { id: new Uint8Array([2]).buffer });
    expect(found).toMatchObject({ byte: 2 });
  });

  it.each([
    'size(name)',
    'pk = :missing',
    '#missing = pk',
    'a == b',
    '(attribute_exists(pk)',
    'pk',
  ])('refuses the condition %s, which DynamoDB does not take', async (condition) => {
    const transactor = createMemoryTransactor({ orders: ['pk', 'sk'] });

    await expect(transactor.transact([check('a', condition)], 'token')).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
  });

  it.each(['SET', 'ADD size :missing', 'SET size + size', 'PUT a', 'REMOVE a[x]'])(
    'refuses the update %s, which DynamoDB does not take',
    async (UpdateExpression) => {
      const transactor = createMemoryTransactor({ orders: ['pk', 'sk'] });

      await expect(
        transactor.transact([update('a', { UpdateExpression })], 'token'),
      ).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    },
  );

  it('keeps a copy of what it is given', async () => {
    const transactor = createMemoryTransactor({ orders: ['pk', 'sk'] });
    const item = { ...key('a'), list: [1] };
    await transactor.transact([put('a', { Item: item })], 'token');

    item.list.push(2);

    expect(transactor.rows('orders')).toEqual([{ ...key('a'), list: [1] }]);
  });

  it('shares the table of a store in memory', async () => {
    const table = createMemoryTable();
    const transactor = createMemoryTransactor({ orders: table });

    await transactor.transact([put('a')], 'token');

    expect(table.rows()).toEqual([{ ...key('a'), state: 'new' }]);
    expect(await transactor.get('orders', key('a'))).toEqual(transactor.rows('orders')[0]);
  });
});
