import { OutboxError } from '../../core/errors.ts';
import { createDocumentClient } from '../../dynamodb/document-client.ts';
import type { PassPorts } from '../../inbox/ordered/operate.ts';
import { putBackOn } from '../../inbox/ordered/put-back.ts';
import { readRangeWith } from '../../inbox/ordered/read-range.ts';
import { createDynamoDBTransactor } from '../../dynamodb/dynamodb-transactor.ts';
import type { Clients } from '../aws/clients.ts';
import type { InboxPlace } from '../aws/place.ts';
import type { World } from '../context.ts';

/**
 * What looking at an inbox's gaps and ending them takes.
 *
 * @throws OutboxError `OPTION_INVALID` for an inbox that is not ordered
 */
export function openGaps(inbox: InboxPlace, clients: Clients, world: World): PassPorts {
  const { name, tableName, ordered } = inbox;
  if (ordered === undefined) {
    throw new OutboxError('OPTION_INVALID', `inbox ${name} is not ordered: it has no gaps`, {
      facts: { inbox: name },
    });
  }
  const documents = createDocumentClient(clients.dynamodb);
  const { clock, random } = world;
  return {
    config: { name, tableName },
    transactor: createDynamoDBTransactor(documents),
    readRange: readRangeWith(clients.dynamodb),
    putBack: putBackOn(ordered.queueUrl, clients.sqs),
    clock,
    random,
  };
}
