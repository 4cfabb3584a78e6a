import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { App, Stack } from 'aws-cdk-lib';
import { expect, test } from 'vitest';

import { functionCode, functionsContext } from '../../../lib/constructs/shared/package-function.ts';
import { testStack } from '../support.ts';

test('a bundle that was built is found', () => {
  expect(() => functionCode(testStack(), 'relay')).not.toThrow();
});

test('fails when a bundle was not built', () => {
  const empty = mkdtempSync(join(tmpdir(), 'cdk-outbox-empty-'));
  const stack = new Stack(new App({ context: { [functionsContext]: empty } }), 'Orders');

  expect(() => functionCode(stack, 'relay')).toThrow(
    `the bundle of the relay function is missing in ${join(empty, 'relay')}: run npm run build (Orders)`,
  );
});

test("the bundles are looked for in the package's own folder", () => {
  const stack = new Stack(new App(), 'Orders');

  expect(() => functionCode(stack, 'no-such-function')).toThrow(
    join(process.cwd(), 'dist', 'functions', 'no-such-function'),
  );
});
