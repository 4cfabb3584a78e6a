import type { Action } from 'cdk-outbox/runtime';

/** Sets attributes of an order that is there. */
export function setOnOrder(
  tableName: string | undefined,
  orderId: string,
  attributes: Readonly<Record<string, string>>,
): Action {
  const names = Object.keys(attributes);
  return {
    Update: {
      TableName: tableName,
      Key: { id: orderId },
      UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [`:${name}`, value]),
      ),
    },
  };
}
