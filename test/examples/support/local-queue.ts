import { createHash, randomUUID } from 'node:crypto';

import { sqsEventOf } from 'cdk-outbox/testing';

import { startLocalServer, type LocalServer } from './local-server.ts';
import type { Consumer } from './service.ts';

/** SQS as far as an inbox puts messages back on its queue. */
export interface LocalQueue extends LocalServer {
  /** Delivers what was put back, until nothing is put back any more. */
  drain(consumer: Consumer): Promise<void>;
}

export async function startLocalQueue(): Promise<LocalQueue> {
  const bodies: string[] = [];
  const server = await startLocalServer((_, request) => {
    const { MessageBody } = request as { MessageBody: string };
    bodies.push(MessageBody);
    const MD5OfMessageBody = createHash('md5').update(MessageBody).digest('hex');
    return Promise.resolve({ body: { MessageId: randomUUID(), MD5OfMessageBody } });
  });
  return {
    ...server,
    drain: async (consumer) => {
      for (let body = bodies.shift(); body !== undefined; body = bodies.shift()) {
        await consumer(sqsEventOf([body]));
      }
    },
  };
}
