import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { maxObjectBytes } from '../../lib/archive/objects.ts';
import { createS3Archive } from '../../lib/archive/s3.ts';
import { describeArchive } from '../conformance/archive.ts';
import { startS3Stub, type S3Stub } from '../support/s3-stub.ts';

let stub: S3Stub;
beforeAll(async () => {
  stub = await startS3Stub();
});
afterAll(() => stub.close());

function open() {
  stub.objects.clear();
  stub.calls.length = 0;
  return createS3Archive({ client: stub.client, bucket: 'archive' });
}

describeArchive('the archive on S3', () => Promise.resolve(open()));

it('refuses what does not come back with its checksum', async () => {
  const archive = open();
  await archive.put('key', Uint8Array.from([1, 2, 3]));
  stub.objects.set('key', Uint8Array.from([1, 2, 4]));

  await expect(archive.read('key')).rejects.toThrow(/[Cc]hecksum/);
});

it('asks once for the first key, however many there are', async () => {
  const archive = open();
  for (const key of ['1', '2', '3']) await archive.put(key, Uint8Array.from([1]));
  stub.calls.length = 0;

  await archive.list('', 1);

  expect(stub.calls).toEqual(['GET /archive/']);
});

it.each([
  ['reads an object of the largest size', maxObjectBytes, { reads: 1 }],
  ['refuses a larger object, and reads nothing of it', maxObjectBytes + 1, { reads: 0 }],
])('%s', async (_, ContentLength, { reads }) => {
  const transformToByteArray = vi.fn(() => Promise.resolve(new Uint8Array()));
  const send = () => Promise.resolve({ ContentLength, Body: { transformToByteArray } } as never);

  const reading = createS3Archive({ client: { send }, bucket: 'archive' }).read('key');

  const code = await reading.then(
    () => undefined,
    (error: unknown) => (error as { code: string }).code,
  );
  expect(code).toBe(reads === 0 ? 'ARCHIVE_DAMAGED' : undefined);
  expect(transformToByteArray).toHaveBeenCalledTimes(reads);
});
