import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { S3Client } from '@aws-sdk/client-s3';

/** As much of S3 as an archive uses, in this process: it lists two keys at once, and keeps to checksums. */
export interface S3Stub {
  readonly client: S3Client;
  readonly objects: Map<string, Uint8Array>;
  /** Every call, as `PUT /bucket/key`. */
  readonly calls: string[];
  close(): Promise<void>;
}

const keysPerAnswer = 2;

export async function startS3Stub(): Promise<S3Stub> {
  const objects = new Map<string, Uint8Array>();
  const checksums = new Map<string, string>();
  const calls: string[] = [];
  const server = createServer((request, response) => {
    void answer(request, response, { objects, checksums, calls });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  return {
    client,
    objects,
    calls,
    close: () =>
      new Promise((resolve) => {
        client.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}

interface Bucket {
  readonly objects: Map<string, Uint8Array>;
  readonly checksums: Map<string, string>;
  readonly calls: string[];
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  bucket: Bucket,
): Promise<void> {
  const url = new URL(request.url ?? '', 'http://localhost');
  const path = decodeURIComponent(url.pathname);
  bucket.calls.push(`${request.method ?? ''} ${path}`);
  const key = path.replace(/^\/[^/]+\/?/, '');
  if (request.method === 'PUT') return put(request, response, { key, bucket });
  if (key === '') list(url.searchParams, response, bucket);
  else get(key, response, bucket);
}

async function put(
  request: IncomingMessage,
  response: ServerResponse,
  { key, bucket }: { key: string; bucket: Bucket },
): Promise<void> {
  const body = Buffer.concat((await request.toArray()) as Buffer[]);
  const checksum = createHash('sha256').update(body).digest('base64');
  if (request.headers['x-amz-checksum-sha256'] !== checksum) {
    response.writeHead(400).end('<Error><Code>BadDigest</Code></Error>');
    return;
  }
  bucket.objects.set(key, body);
  bucket.checksums.set(key, checksum);
  response.writeHead(200).end();
}

function get(key: string, response: ServerResponse, { objects, checksums }: Bucket): void {
  const body = objects.get(key);
  if (body === undefined) {
    response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    return;
  }
  response.writeHead(200, { 'x-amz-checksum-sha256': checksums.get(key) ?? '' }).end(body);
}

function list(query: URLSearchParams, response: ServerResponse, { objects }: Bucket): void {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? '';
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after);
  const limit = Math.min(keysPerAnswer, Number(query.get('max-keys') ?? keysPerAnswer));
  const listed = keys.toSorted().slice(0, limit);
  const more = keys.length > listed.length;
  const token = `<NextContinuationToken>${listed.at(-1) ?? ''}</NextContinuationToken>`;
  const contents = listed.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('');
  response
    .writeHead(200, { 'content-type': 'application/xml' })
    .end(
      `<ListBucketResult><IsTruncated>${more}</IsTruncated>${contents}${more ? token : ''}</ListBucketResult>`,
    );
}
