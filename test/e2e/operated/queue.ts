import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

/** The smallest limit that a queue may have, in bytes. */
export const smallestLimit = 1024;

/** Has a queue refuse messages above so many bytes; by default above as many as any queue takes. */
export async function limitMessages(
  QueueUrl: string,
  queues: SQSClient,
  bytes = 1024 * 1024,
): Promise<void> {
  const Attributes = { MaximumMessageSize: String(bytes) };
  await queues.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
}

/** Deletes a queue. Answers with how to make it anew. */
export async function deleteQueue(
  QueueUrl: string,
  queues: SQSClient,
): Promise<{ makeAnew: () => Promise<void> }> {
  const { Attributes: { FifoQueue } = {} } = await queues.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['FifoQueue'] }),
  );
  await queues.send(new DeleteQueueCommand({ QueueUrl }));
  return {
    makeAnew: async () => {
      const QueueName = QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1);
      const Attributes = FifoQueue === undefined ? {} : { FifoQueue };
      await queues.send(new CreateQueueCommand({ QueueName, Attributes }));
    },
  };
}
