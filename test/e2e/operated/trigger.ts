import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
  type EventSourceMappingConfiguration,
  type LambdaClient,
} from '@aws-sdk/client-lambda';

import type { OperatedOutbox } from './outbox.ts';

/** Switches the trigger of an outbox's relay off or on. */
export async function switchTrigger(
  state: 'off' | 'on',
  outbox: OperatedOutbox,
  lambda: LambdaClient,
): Promise<void> {
  const { UUID } = await triggerOf(outbox, lambda);
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: state === 'on' }));
}

/** Deletes the trigger of an outbox's relay. Answers with how to make one like it. */
export async function deleteTrigger(
  outbox: OperatedOutbox,
  lambda: LambdaClient,
): Promise<{ makeAnew: () => Promise<void> }> {
  const { UUID, EventSourceArn, StartingPosition, FilterCriteria } = await triggerOf(
    outbox,
    lambda,
  );
  await lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
  return {
    makeAnew: async () => {
      await lambda.send(
        new CreateEventSourceMappingCommand({
          FunctionName: outbox.relay,
          EventSourceArn,
          StartingPosition,
          FilterCriteria,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
        }),
      );
    },
  };
}

async function triggerOf(
  { relay }: OperatedOutbox,
  lambda: LambdaClient,
): Promise<EventSourceMappingConfiguration> {
  const { EventSourceMappings: [trigger] = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: relay }),
  );
  if (trigger === undefined) throw new Error(`${relay} has no trigger`);
  return trigger;
}
