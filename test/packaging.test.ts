import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  devDependencies: Record<string, string>;
};
const zod = `zod@${devDependencies['zod'] ?? 'latest'}`;

let root = '';
let tarball = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'cdk-outbox-pack-'));
  // Packed as it lies: the build is the test command's first step.
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', root], '.'),
  ) as { filename: string }[];
  tarball = join(root, packed?.filename ?? '');
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('the packed package', () => {
  it('holds what is built, the functions included, and nothing of the sources', () => {
    const files = run('tar', ['-tzf', tarball], '.').split('\n');

    expect(files).toContain('package/dist/functions/relay/index.mjs');
    expect(files.filter((file) => /^package\/(lib|test|examples|bin)\//.test(file))).toEqual([]);
  });

  it('serves a Lambda-only user, who downloads no CDK', () => {
    const folder = install('lambda-only', [zod]);

    const answer = JSON.parse(run(process.execPath, ['service.js'], folder)) as object;

    expect(answer).toEqual({ actions: 1, inbox: 'function' });
    expect(existsSync(join(folder, 'node_modules', 'aws-cdk-lib'))).toBe(false);
    expect(existsSync(join(folder, 'node_modules', 'constructs'))).toBe(false);
  });

  it('checks the events of its user, without AWS', () => {
    const folder = install('lambda-only', [zod]);
    const outbox = join('node_modules', 'cdk-outbox', 'dist', 'cli', 'outbox.mjs');
    const check = (verb: string, catalogue: string) =>
      run(process.execPath, [outbox, 'schema', verb, '--catalogue', catalogue], folder);

    check('write', 'events.cjs');
    check('check', 'events.mjs');

    expect(() => check('check', 'events-changed.mjs')).toThrow(
      /data\.total: was number, is string/,
    );
  });

  describe('in a CDK app', () => {
    let folder = '';

    beforeAll(() => {
      const names = ['aws-cdk-lib', 'constructs', 'typescript', '@types/node'];
      const pinned = names.map((name) => `${name}@${devDependencies[name] ?? 'latest'}`);
      folder = install('cdk-app', [...pinned, zod, 'jest@30']);
    }, 180_000);

    it('works as CommonJS under jest', () => {
      expect(() =>
        run(process.execPath, ['node_modules/jest/bin/jest.js', '--ci'], folder),
      ).not.toThrow();
    });

    it('works as ES modules, beside its CommonJS copy', () => {
      const answer = JSON.parse(run(process.execPath, ['app.mjs'], folder)) as object;

      const all = ['function', 'function', 'function', 'function', 'function'];
      expect(answer).toEqual({ all, knowsTheOther: true });
    });

    it('has types for both', () => {
      const options = [
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2022',
        '--types',
        'node',
      ];
      const tsc = join('node_modules', 'typescript', 'bin', 'tsc');

      expect(() =>
        run(
          process.execPath,
          [tsc, ...options, '--skipLibCheck', 'types.mts', 'types.cts'],
          folder,
        ),
      ).not.toThrow();
    });
  });
}, 240_000);

/** A copy of a fixture with the package and others installed, as their user would. */
function install(fixture: string, packages: readonly string[]): string {
  const folder = join(root, fixture);
  cpSync(join('test', 'packaging', fixture), folder, { recursive: true });
  run(
    'npm',
    ['install', '--no-save', '--prefer-offline', '--ignore-scripts', tarball, ...packages],
    folder,
  );
  return folder;
}

function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}
