import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

import { reply } from './http.ts';

const documents = DynamoDBDocumentClient.from(new DynamoDBClient());

/** `GET /orders/{id}`: the order with its state, and the reason. */
export async function handler({
  pathParameters,
}: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const id = pathParameters?.['id'];
  const { Item } = await documents.send(
    new GetCommand({ TableName: process.env['ORDERS_TABLE'], Key: { id }, ConsistentRead: true }),
  );
  return Item === undefined ? reply(404, { problem: `no order ${id ?? ''}` }) : reply(200, Item);
}
