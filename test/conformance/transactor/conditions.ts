import { randomUUID } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { actionsOn, key, type TransactorFactory } from './subject.ts';

const item = { ...key('a'), size: 5, name: 'mid' };

/** Conditions on {@link item}, and whether it meets them. */
const cases: [condition: string, values: Record<string, unknown>, isMet: boolean][] = [
  ['attribute_exists(size)', {}, true],
  ['attribute_exists(absent)', {}, false],
  ['attribute_not_exists(pk)', {}, false],
  ['attribute_not_exists(absent)', {}, true],
  ['size = :v', { ':v': 5 }, true],
  ['size = :v', { ':v': 6 }, false],
  ['size = :v', { ':v': '5' }, false],
  ['size <> :v', { ':v': 6 }, true],
  ['size <> :v', { ':v': 5 }, false],
  ['absent <> :v', { ':v': 5 }, true],
  ['size < :v', { ':v': 6 }, true],
  ['size < :v', { ':v': 5 }, false],
  ['size < :v', { ':v': '6' }, false],
  ['absent < :v', { ':v': 6 }, false],
  ['size <= :v', { ':v': 5 }, true],
  ['size > :v', { ':v': 4 }, true],
  ['size > :v', { ':v': 5 }, false],
  ['size >= :v', { ':v': 5 }, true],
  ['#name < :v', { ':v': 'nid' }, true],
  ['#name > :v', { ':v': 'nid' }, false],
  ['attribute_not_exists(pk) OR size < :v', { ':v': 6 }, true],
  ['attribute_not_exists(pk) OR size < :v', { ':v': 5 }, false],
  ['attribute_exists(pk) AND size = :v', { ':v': 5 }, true],
  ['attribute_exists(absent) AND size = :v', { ':v': 5 }, false],
  ['attribute_exists(absent) AND size = :v OR attribute_exists(pk)', { ':v': 5 }, true],
];

export function describeConditions(create: TransactorFactory): void {
  describe('conditions', () => {
    it.each(cases)('%s with %o is met: %s', async (condition, values, isMet) => {
      const { transactor, tableName } = await create();
      const { put, update } = actionsOn(tableName);
      await transactor.transact([put('a', { Item: item })], randomUUID());

      const result = await transactor.transact(
        [
          update('a', {
            UpdateExpression: 'SET done = :done',
            ConditionExpression: condition,
            ExpressionAttributeNames: condition.includes('#name') ? { '#name': 'name' } : undefined,
            ExpressionAttributeValues: { ':done': true, ...values },
          }),
        ],
        randomUUID(),
      );

      expect(result.status).toBe(isMet ? 'committed' : 'cancelled');
    });

    it('writes nothing at all where one condition fails, and says whose', async () => {
      const { transactor, tableName } = await create();
      const { put, remove, check } = actionsOn(tableName);
      await transactor.transact([put('a'), put('b')], randomUUID());

      const result = await transactor.transact(
        [put('c'), remove('b'), check('a', 'attribute_not_exists(pk)')],
        randomUUID(),
      );

      expect(result).toMatchObject({
        status: 'cancelled',
        reasons: [{ code: 'None' }, { code: 'None' }, { code: 'ConditionalCheckFailed' }],
      });
      expect(await transactor.get(tableName, key('c'))).toBeUndefined();
      expect(await transactor.get(tableName, key('b'))).toBeDefined();
    });

    it('changes nothing by a check that holds', async () => {
      const { transactor, tableName } = await create();
      const { put, check } = actionsOn(tableName);
      await transactor.transact([put('a', { Item: item })], randomUUID());

      const result = await transactor.transact(
        [check('a', 'attribute_exists(pk)'), put('b')],
        randomUUID(),
      );

      expect(result).toEqual({ status: 'committed' });
      expect(await transactor.get(tableName, key('a'))).toEqual(item);
    });

    it('returns the old item where the action asks for it, and only there', async () => {
      const { transactor, tableName } = await create();
      const { put } = actionsOn(tableName);
      await transactor.transact([put('a', { Item: item }), put('b')], randomUUID());
      const isNew = { ConditionExpression: 'attribute_not_exists(pk)' };

      const result = await transactor.transact(
        [put('a', { ...isNew, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }), put('b', isNew)],
        randomUUID(),
      );

      const reasons = result.status === 'cancelled' ? result.reasons : [];
      expect(reasons.map((reason) => reason.item)).toEqual([item, undefined]);
      expect(reasons.map((reason) => reason.row)).toEqual([item, undefined]);
    });
  });
}
