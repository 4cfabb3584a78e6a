import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** What was asked of a table, and what it says that it consumed. */
export interface Consumption {
  readonly requests: number;
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** A client that counts its requests and asks each for the capacity it consumed. */
export interface CountingClient {
  readonly client: DynamoDBClient;
  /** What `work` alone consumed. */
  readonly during: (work: () => Promise<unknown>) => Promise<Consumption>;
}

export function counting(client: DynamoDBClient): CountingClient {
  const total = { requests: 0, readUnits: 0, writeUnits: 0 };
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const least = leastReadUnits(commandName, args.input);
        if (commandName !== 'DescribeTableCommand') {
          Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
        }
        const result = await next(args);
        total.requests += 1;
        if (least === undefined) total.writeUnits += writeUnitsOf(result.output, args.input);
        else total.readUnits += Math.max(least, unitsOf(result.output));
        return result;
      },
    { step: 'initialize' },
  );
  return {
    client,
    during: async (work) => {
      const before = { ...total };
      await work();
      return {
        requests: total.requests - before.requests,
        readUnits: total.readUnits - before.readUnits,
        writeUnits: total.writeUnits - before.writeUnits,
      };
    },
  };
}

/**
 * What a read is charged though it finds nothing, which DynamoDB Local does not say; `undefined` for a write.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
 */
function leastReadUnits(commandName: string, input: object): number | undefined {
  const { ConsistentRead, RequestItems = {} } = input as {
    ConsistentRead?: boolean;
    RequestItems?: Record<string, { Keys: unknown[] }>;
  };
  if (commandName === 'QueryCommand' || commandName === 'GetItemCommand') {
    return ConsistentRead === true ? 1 : 0.5;
  }
  if (commandName !== 'BatchGetItemCommand') return undefined;
  return Object.values(RequestItems).reduce((sum, { Keys }) => sum + Keys.length, 0);
}

/**
 * What a write is charged. Of a transaction, DynamoDB Local counts the small items of one table as one; each is
 * charged two units at least.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-capacity-handling
 */
function writeUnitsOf(output: object, input: object): number {
  const { TransactItems = [] } = input as { TransactItems?: unknown[] };
  return Math.max(unitsOf(output), 2 * TransactItems.length);
}

function unitsOf(output: object): number {
  const { ConsumedCapacity } = output as { ConsumedCapacity?: unknown };
  const all = [ConsumedCapacity ?? []].flat() as { CapacityUnits?: number }[];
  return all.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}
