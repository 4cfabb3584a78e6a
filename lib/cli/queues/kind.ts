import { openEnvelope } from '../../inbox/envelope.ts';
import { isInvalidMessage } from '../../table/message.ts';
import { textOf, type QueueMessage } from './message.ts';

/**
 * What a message in a dead-letter queue is.
 *
 * - `message`: one of an outbox, which goes back to the queue that it was meant for.
 * - `batch`: tells of a stretch of the stream that a relay's trigger gave up. The entries are in the table,
 *   and the sweeper delivers them; it only needs to be deleted.
 * - `foreign`: neither; left alone.
 */
export type Kind =
  /** `target`: ARN of the queue that it was meant for, where it says so. */
  | { readonly kind: 'message'; readonly target?: string }
  | { readonly kind: 'batch'; readonly entries: number }
  | { readonly kind: 'foreign' };

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html */
const targetAttribute = 'TARGET_ARN';

export function kindOf({ body, attributes }: QueueMessage): Kind {
  const batch = batchOf(body);
  if (batch !== undefined) return { kind: 'batch', entries: batch.batchSize ?? 0 };
  if (isInvalidMessage(openEnvelope(body))) return { kind: 'foreign' };
  const target = textOf(attributes, [targetAttribute]);
  return { kind: 'message', ...(target?.includes(':sqs:') === true ? { target } : {}) };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
function batchOf(body: string): { batchSize?: number } | undefined {
  const value = parse(body);
  const isBatch = typeof value === 'object' && value !== null && 'DDBStreamBatchInfo' in value;
  return isBatch ? (value.DDBStreamBatchInfo as { batchSize?: number }) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
