import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findPython, installMiniStack } from '../../bin/demo/python.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdk-outbox-python-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('Python', () => {
  it('is said to be missing where there is none', async () => {
    await expect(findPython({ PATH: folder })).rejects.toThrow(
      /needs Python 3\.10 or later, found none: install it, or .*AWS_ENDPOINT_URL=/,
    );
  });

  it('is said to be too old where it is', async () => {
    await putPython('python3', '3.9.18');

    await expect(findPython({ PATH: folder })).rejects.toThrow(/found 3\.9\.18/);
  });

  it('is found under the name of its version', async () => {
    await putPython('python3', '3.9.18');
    await putPython('python3.12', '3.12.1');

    await expect(findPython({ PATH: folder })).resolves.toBe('python3.12');
  });

  it('leaves nothing half installed where the package index cannot be reached', async () => {
    const env = { ...process.env, PIP_INDEX_URL: 'http://127.0.0.1:1', PIP_RETRIES: '0' };

    const installing = installMiniStack(join(folder, 'ministack'), { env });

    await expect(installing).rejects.toThrow(/package index must be reachable/);
    expect(await readdir(folder)).not.toContain('ministack');
  });
});

async function putPython(name: string, version: string): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\necho "Python ${version}"\n`);
  await chmod(path, 0o755);
}
