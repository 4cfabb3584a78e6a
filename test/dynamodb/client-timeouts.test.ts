import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { readFileSync, globSync } from 'node:fs';

import { createDocumentClient } from '../../lib/dynamodb/client.ts';

describe('the default document client', () => {
  let server: Server;
  let requests = 0;
  beforeEach(async () => {
    requests = 0;
    // Takes requests, and never answers them.
    server = createServer(() => {
      requests += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}`);
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  });

  it('gives up on a connection that hangs', async () => {
    const getting = createDocumentClient().send(
      new GetCommand({ TableName: 't', Key: { pk: 'x' } }),
    );

    await expect(getting).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(requests).toBe(1);
  });
});

describe('AWS clients in functions and in the runtime', () => {
  const sources = globSync('{functions,lib}/**/*.ts').filter(
    (file) => !/^lib\/(cli|testing)\//.test(file),
  );
  const opened = sources.flatMap((file) =>
    [
      ...readFileSync(file, 'utf8').matchAll(
        /new (?:DynamoDB|S3|SQS|SNS|EventBridge)Client\((?:[^()]|\([^()]*\))*\)/g,
      ),
    ].map(([text]) => ({ file, text })),
  );

  it.each(opened)('have time-outs: $file', ({ text }) => {
    expect(text).toMatch(/requestHandler|clientSettings|\(settings\)/);
  });

  it('are found by this test', () => {
    expect(opened.length).toBeGreaterThan(8);
  });
});
