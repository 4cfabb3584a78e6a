/** A call of an AWS service: which, what is asked. */
export interface ServiceCall {
  readonly service: string;
  /** Such as `ListFunctions`. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

const transactionActions = { Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem' } as const;

/** Operations whose IAM action has another name. */
const otherNames: Readonly<Record<string, string>> = {
  'lambda:Invoke': 'lambda:InvokeFunction',
  's3:ListObjectsV2': 's3:ListBucket',
  'sns:PublishBatch': 'sns:Publish',
  'sqs:ChangeMessageVisibilityBatch': 'sqs:ChangeMessageVisibility',
  'sqs:SendMessageBatch': 'sqs:SendMessage',
};

/** The IAM actions that a call needs. A transaction needs those of its parts. */
export function actionsOf({ service, operation, input }: ServiceCall): string[] {
  const prefix = service === 'eventbridge' ? 'events' : service;
  if (operation !== 'TransactWriteItems') {
    const action = `${prefix}:${operation}`;
    return [otherNames[action] ?? action];
  }
  const items = input['TransactItems'] as Readonly<Record<string, unknown>>[];
  return items.flatMap((item) =>
    Object.entries(transactionActions)
      .filter(([kind]) => item[kind] !== undefined)
      .map(([, action]) => `${prefix}:${action}`),
  );
}
