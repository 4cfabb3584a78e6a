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
    const env = {
      PATH: '/bin',
      AWS_ENDPOINT_URL: 'http://localhost:4566',
      AWS_ENDPOINT_URL_SQS: 'https://sqs.us-east-1.amazonaws.com',
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
      AWS_PROFILE: 'production',
      AWS_REGION: 'eu-west-1',
    };

    const aws = await openAws({ env, allowAws: false });

    expect(aws.client).toMatchObject({ endpoint: 'http://127.0.0.1:4566', region: 'eu-west-1' });
    expect(aws.env).toMatchObject({ PATH: '/bin', AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' });
    expect(Object.keys(aws.env)).not.toContain('AWS_ENDPOINT_URL_SQS');
    expect(Object.keys(aws.env)).not.toContain('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS');
    expect(Object.keys(aws.env)).not.toContain('AWS_PROFILE');
  });

  it('has to have an address', async () => {
    const opening = openAws({ env: { AWS_ENDPOINT_URL: 'localhost' }, allowAws: false });

    await expect(opening).rejects.toThrow(/must be an address .* got "localhost"/);
  });
});

describe('MiniStack', () => {
  it('says so where its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const starting = startMiniStack({ env: process.env, region: 'us-east-1', port });

    await expect(starting).rejects.toThrow(
      new RegExp(`stopped while starting on port ${port} .*already in use`, 's'),
    );
    server.close();
  }, 120_000);
});
