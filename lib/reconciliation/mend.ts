import { SendMessageCommand, type SendMessageCommandInput } from '@aws-sdk/client-sqs';

import type { Entry, Row } from '../table/entry.ts';
import { OutboxError } from '../core/errors.ts';
import { toMessageJson } from '../table/message.ts';
import { repairCause, type ConsumerConfig } from '../table/reconciliation.ts';
import { errorFields } from '../inbox/log.ts';
import { messageToken } from '../table/message-token.ts';
import type { Missing } from './expectations.ts';
import type { MendPorts, ReconciliationPorts } from './options.ts';
import type { ReconciliationWindow } from './window.ts';

/** How long it is known that an event was written: longer than any window goes back. */
const repairKeptMs = 5 * 24 * 60 * 60_000;

/**
 * Those that no run has written yet, for an item of this window.
 *
 * @throws OutboxError `TABLE_THROTTLED`
 */
export async function withoutRepaired(
  missing: readonly Missing[],
  window: ReconciliationWindow,
  { settings, reader }: Pick<ReconciliationPorts, 'settings' | 'reader'>,
): Promise<Missing[]> {
  const keys = missing.map((one) => one.repairKey);
  const rows = await reader.readRows(settings.tableName, keys);
  const repaired = new Set(rows.filter((row) => speaksOf(row, window)).map(({ sk }) => sk));
  return missing.filter((one) => !repaired.has(one.repairKey.sk));
}

/** Whether a row may speak of an item of a window: one of an earlier window is of another item. */
function speaksOf(row: Row, { from }: ReconciliationWindow): boolean {
  return Number(row['to']) > from;
}

/**
 * Writes a missing event, in one transaction with the row that says so: of two runs that find the same, one writes it.
 * Returns the id of the event that was written for it, by this run or another; `undefined` where that failed, and the log says
 * why.
 */
export async function writeMissing(
  { event, repairKey }: Missing,
  { from, to }: ReconciliationWindow,
  { mend, name, tableName }: { mend: MendPorts; name: string; tableName: string },
): Promise<string | undefined> {
  const { outbox, log, clock } = mend;
  const { type, aggregate, id } = event;
  const repaired = {
    Put: {
      TableName: tableName,
      Item: {
        ...{ ...repairKey, eventId: id, to },
        expiresAt: Math.ceil((clock.now() + repairKeptMs) / 1000),
      },
      // One of an earlier window speaks of another item.
      ConditionExpression: 'attribute_not_exists(pk) OR #to <= :from',
      ExpressionAttributeNames: { '#to': 'to' },
      ExpressionAttributeValues: { ':from': from },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    },
  };
  try {
    const context = { causationId: repairCause(name) };
    await outbox.write({ items: [repaired], events: [event], context });
    return id;
  } catch (error) {
    if (OutboxError.is(error, 'CONDITION_FAILED')) {
      const { item } = error.facts as { item?: Row };
      return item === undefined ? undefined : String(item['eventId']);
    }
    log.error('missing event could not be written', {
      ...{ type, aggregate, eventId: id },
      ...errorFields(error),
    });
    return undefined;
  }
}

/**
 * Sends an event again, to one inbox alone. It is the message that was delivered before: should it have arrived
 * meanwhile, the inbox has it once. Answers whether that went well; the log says why not.
 */
export async function sendAgain(
  entry: Entry,
  { inbox, queueUrl }: ConsumerConfig,
  { sqs, source, log }: MendPorts,
): Promise<boolean> {
  try {
    await sqs.send(new SendMessageCommand(toRequest(entry, { queueUrl, source })));
    return true;
  } catch (error) {
    log.error('event could not be sent to its inbox again', {
      ...{ inbox, eventId: entry.id, type: entry.type },
      ...errorFields(error),
    });
    return false;
  }
}

function toRequest(
  entry: Entry,
  { queueUrl, source }: { queueUrl: string; source: string },
): SendMessageCommandInput {
  const message = { QueueUrl: queueUrl, MessageBody: toMessageJson(entry, source) };
  if (!queueUrl.endsWith('.fifo')) return message;
  return {
    ...message,
    MessageGroupId: messageToken(entry.aggregate),
    MessageDeduplicationId: entry.id,
  };
}
