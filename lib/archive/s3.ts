import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';

import { damaged, maxObjectBytes } from './objects.ts';
import type { ArchiveObjects } from '../table/stores.ts';

/** A bucket, and who calls it. */
export interface S3Bucket {
  readonly client: Pick<S3Client, 'send'>;
  readonly bucket: string;
}

/** Keys that S3 lists at once. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
const keysPerAnswer = 1000;

/**
 * An archive in a bucket.
 *
 * S3 refuses what does not arrive with the checksum that it was sent with, and the client what does not come
 * back with it. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
export function createS3Archive({ client, bucket }: S3Bucket): ArchiveObjects {
  return {
    put: async (key, body) => {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentType: key.endsWith('.json') ? 'application/json' : 'application/gzip',
          ChecksumAlgorithm: 'SHA256',
        }),
      );
    },
    read: async (key) => {
      const request = { Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' } as const;
      const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand(request));
      if (ContentLength > maxObjectBytes) throw damaged(key, `it has ${ContentLength} bytes`);
      return Body === undefined ? new Uint8Array() : Body.transformToByteArray();
    },
    list: async (prefix, limit = Infinity) => {
      const keys: string[] = [];
      for await (const some of listKeys({ client, bucket }, prefix, limit)) {
        keys.push(...some);
        if (keys.length >= limit) break;
      }
      return keys.slice(0, limit);
    },
  };
}

async function* listKeys(
  { client, bucket }: S3Bucket,
  prefix: string,
  limit: number,
): AsyncGenerator<string[]> {
  let ContinuationToken: string | undefined;
  do {
    const answer = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        MaxKeys: Math.min(limit, keysPerAnswer),
        ContinuationToken,
      }),
    );
    yield (answer.Contents ?? []).map(({ Key }) => Key).filter((key) => key !== undefined);
    ContinuationToken = answer.NextContinuationToken;
  } while (ContinuationToken !== undefined);
}
