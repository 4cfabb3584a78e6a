import { randomUUID } from 'node:crypto';

import { SendMessageCommand, type SendMessageCommandInput } from '@aws-sdk/client-sqs';

import { definedOnly } from '../../core/collections.ts';
import type { Buffered, Cursor, Place } from '../../table/ordered.ts';
import type { SqsSender } from '../dead-letter.ts';
import { withPutBack } from './cursor.ts';
import { changeCursor, readBuffered, type HistoryPorts } from './history.ts';

/** What is put back on the queue: the message's text, and its group where it had one. */
export type ToPutBack = Pick<Required<Buffered>, 'message'> & Pick<Buffered, 'group'>;

/** Puts a message back on the inbox's own queue, so that its retries and its dead-letter rules apply. */
export type PutBack = (message: ToPutBack, delaySeconds?: number) => Promise<void>;

/** Sends to the inbox's own queue. At least once: a copy is a duplicate. Throws what the client throws. */
export function putBackOn(queueUrl: string, client: SqsSender): PutBack {
  return async (message, delaySeconds) => {
    await client.send(new SendMessageCommand(toRequest(queueUrl, message, delaySeconds)));
  };
}

function toRequest(
  queueUrl: string,
  { message, group }: ToPutBack,
  delaySeconds: number | undefined,
): SendMessageCommandInput {
  const isFifo = queueUrl.endsWith('.fifo');
  return {
    QueueUrl: queueUrl,
    MessageBody: message,
    ...(group === undefined ? {} : { MessageGroupId: group }),
    // The queue would take one with the event's id for the delivery that brought it.
    ...(isFifo ? { MessageDeduplicationId: randomUUID() } : {}),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
  };
}

/** What putting back what waits takes. */
export interface PutBackPorts extends HistoryPorts {
  readonly putBack: PutBack;
}

/**
 * Puts what waits next back on the queue, if there is something, and notes it: a worker that finds it waiting need not do
 * so again. It waits until it is handled. Where the worker dies in between it is put back twice, and handled once.
 */
export async function putBackNext(
  place: Place,
  cursor: Cursor,
  ports: PutBackPorts,
): Promise<void> {
  const next = (cursor.sequence ?? 0) + 1;
  const { message, group } = (await readBuffered(place, next, ports)) ?? {};
  // One that goes round the queue comes by itself.
  if (message === undefined) return;
  await ports.putBack({ message, ...definedOnly({ group }) });
  const after = withPutBack(cursor, next, ports.clock.now());
  await changeCursor({ place, before: cursor, after }, ports);
}
