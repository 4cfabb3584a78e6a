import { describe, expect, it } from 'vitest';

import type { ArchiveObjects } from '../../lib/table/stores.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** What every adapter of the archive port does. Each call of `create` opens an empty one. */
export function describeArchive(name: string, create: () => Promise<ArchiveObjects>): void {
  describe(name, () => {
    it('gives back what was written, byte for byte', async () => {
      const archive = await create();
      const body = bytes(...Array.from({ length: 256 }, (_, value) => value));

      await archive.put('source=a%2Fb/part-0000.ndjson.gz', body);

      expect(Uint8Array.from(await archive.read('source=a%2Fb/part-0000.ndjson.gz'))).toEqual(body);
    });

    it('gives back an empty object', async () => {
      const archive = await create();

      await archive.put('empty', bytes());

      expect(await archive.read('empty')).toHaveLength(0);
    });

    it('writes over an object of the same key', async () => {
      const archive = await create();
      await archive.put('key', bytes(1, 2));

      await archive.put('key', bytes(3));

      expect(Uint8Array.from(await archive.read('key'))).toEqual(bytes(3));
      expect(await archive.list('')).toEqual(['key']);
    });

    it('keeps what it was given from what becomes of it', async () => {
      const archive = await create();
      const body = bytes(1);
      await archive.put('key', body);

      body.fill(9);

      expect(Uint8Array.from(await archive.read('key'))).toEqual(bytes(1));
    });

    it('throws where there is no such object', async () => {
      const archive = await create();

      await expect(archive.read('key')).rejects.toMatchObject({ name: 'NoSuchKey' });
    });

    it('lists the keys that begin with a prefix, all of them, in their order', async () => {
      const archive = await create();
      for (const key of ['b/2', 'a/1', 'b/1', 'b/3', 'b', 'c/1']) await archive.put(key, bytes(1));

      expect(await archive.list('b/')).toEqual(['b/1', 'b/2', 'b/3']);
      expect(await archive.list('')).toEqual(['a/1', 'b', 'b/1', 'b/2', 'b/3', 'c/1']);
      expect(await archive.list('d')).toEqual([]);
    });

    it('lists no more than are asked for', async () => {
      const archive = await create();
      for (const key of ['1', '2', '3', '4']) await archive.put(key, bytes(1));

      expect(await archive.list('', 1)).toEqual(['1']);
      expect(await archive.list('', 3)).toEqual(['1', '2', '3']);
    });
  });
}
