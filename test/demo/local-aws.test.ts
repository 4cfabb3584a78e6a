import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from 'vitest';

import { openAws } from '../../bin/demo/local-aws.ts';
import { startMiniStack } from '../../bin/demo/ministack.ts';

describe('the AWS that is deployed to', () => {
  it.each([
    'https://dynamodb.us-east-1.amazonaws.com',
    'https://amazonaws.com',
    'https://sqs.cn-north-1.amazonaws.com.cn/',
    'https://DYNAMODB.eu-west-1.AMAZONAWS.com',
    'https://lambda.eu-west-1.api.aws',
  ])('is not the real one by mistake: %s', async (endpoint) => {
    const opening = openAws({ env: { AWS_ENDPOINT_URL: endpoint }, allowAws: false });

    await expect(opening).rejects.toThrow(/the real AWS .* pass --aws/);
  });

  it('is the real one where that was asked for, as the environment has it', async () => {
    const env = { AWS_PROFILE: 'mine' };

    const aws = await openAws({ env, allowAws: true });

    expect(aws).toMatchObject({ endpoint: undefined, client: {}, isOurs: false });
    expect(aws.env).toEqual(env);
  });

  it('is the one that AWS_ENDPOINT_URL names, and nothing leads past it', async () => {
    await using server = await startServer();
    const env = {
      PATH: '/bin',
      AWS_ENDPOINT_URL: `http://localhost:${server.port}`,
      AWS_ENDPOINT_URL_SQS: 'https://sqs.us-east-1.amazonaws.com',
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
      AWS_PROFILE: 'production',
      AWS_REGION: 'eu-west-1',
    };

    const aws = await openAws({ env, allowAws: false });

    const endpoint = `http://127.0.0.1:${server.port}`;
    expect(aws.client).toMatchObject({ endpoint, region: 'eu-west-1' });
    expect(aws.env).toMatchObject({ PATH: '/bin', AWS_ENDPOINT_URL: endpoint });
    expect(Object.keys(aws.env)).not.toContain('AWS_ENDPOINT_URL_SQS');
    expect(Object.keys(aws.env)).not.toContain('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS');
    expect(Object.keys(aws.env)).not.toContain('AWS_PROFILE');
  });

  it.each(['localhost', 'localhost:4566'])('has to have an address: %s', async (endpoint) => {
    const opening = openAws({ env: { AWS_ENDPOINT_URL: endpoint }, allowAws: false });

    await expect(opening).rejects.toThrow(new RegExp(`must be an address .* got "${endpoint}"`));
  });

  it('has to answer on any port', async () => {
    const endpoint = 'http://127.0.0.1:9';

    const opening = openAws({ env: { AWS_ENDPOINT_URL: endpoint }, allowAws: false });

    await expect(opening).rejects.toThrow(
      `nothing answers at ${endpoint}: start it, or unset AWS_ENDPOINT_URL`,
    );
    await expect(opening).rejects.toHaveProperty('cause.code', 'ECONNREFUSED');
  });

  it('may answer with anything', async () => {
    await using server = await startServer();
    const endpoint = `http://127.0.0.1:${server.port}`;

    const aws = await openAws({ env: { AWS_ENDPOINT_URL: endpoint }, allowAws: false });

    expect(aws.endpoint).toBe(endpoint);
  });
});

describe('MiniStack', () => {
  it('says so where its port is taken', async () => {
    await using server = await startServer();
    const { port } = server;

    const starting = startMiniStack({ env: process.env, region: 'us-east-1', port });

    await expect(starting).rejects.toThrow(
      new RegExp(`stopped while starting on port ${port} .*already in use`, 's'),
    );
  });
});

/** Knows nothing of what it is asked for. */
async function startServer(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((_, response) => response.writeHead(404).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
