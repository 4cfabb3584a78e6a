import type {
  DynamoDBClient,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-dynamodb';

/** A call of a client. */
export interface Call {
  readonly command: string;
  readonly input: unknown;
}

/** Hands a call on to the database, as it is or changed. */
export type Proceed<Input, Output> = (input: Input) => Promise<Output>;

/** The calls that a client makes from now on. */
export function recordCalls(client: DynamoDBClient): Call[] {
  const calls: Call[] = [];
  client.middlewareStack.add(
    (next, context) => (args) => {
      calls.push({ command: String(context.commandName), input: args.input });
      return next(args);
    },
    { step: 'initialize', priority: 'high', name: 'record' },
  );
  return calls;
}

/**
 * Puts `fault` in the way of a client's calls of one command: it may change what is asked and what is
 * answered, or throw. For what DynamoDB does and DynamoDB Local never does.
 */
export function interfere<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  client: DynamoDBClient,
  command: string,
  fault: (input: Input, proceed: Proceed<Input, Output>) => Promise<Output>,
): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== command) return next(args);
      const output = await fault(args.input as Input, async (input) => {
        const answer = await next({ ...args, input });
        return answer.output as Output;
      });
      return { output, response: {} };
    },
    { step: 'initialize', name: `interfere with ${command}` },
  );
}
