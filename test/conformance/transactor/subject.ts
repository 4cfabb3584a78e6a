import type { Row } from '../../../lib/table/entry.ts';
import type { TransactItem, Transactor } from '../../../lib/dynamodb/actions.ts';

/** A transactor under test, with a table whose keys are `pk` and `sk`. */
export interface TransactorUnderTest {
  readonly transactor: Transactor;
  readonly tableName: string;
}

export type TransactorFactory = () => Promise<TransactorUnderTest>;

export const key = (name: string): Row => ({ pk: name, sk: 'item' });

/** The actions of a test, all on its one table. */
export function actionsOn(tableName: string) {
  return {
    put: (name: string, over: Partial<NonNullable<TransactItem['Put']>> = {}): TransactItem => ({
      Put: { TableName: tableName, Item: { ...key(name), state: 'new' }, ...over },
    }),
    update: (
      name: string,
      over: Omit<NonNullable<TransactItem['Update']>, 'TableName' | 'Key'>,
    ): TransactItem => ({
      Update: { TableName: tableName, Key: key(name), ...over },
    }),
    remove: (name: string): TransactItem => ({ Delete: { TableName: tableName, Key: key(name) } }),
    check: (name: string, condition: string): TransactItem => ({
      ConditionCheck: {
        TableName: tableName,
        Key: key(name),
        ConditionExpression: condition,
      },
    }),
  };
}
