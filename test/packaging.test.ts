import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { captureChild } from '../bin/demo/child.ts';
import { minimumNodeMajor } from '../lib/core/node-version.ts';
import { documentedFiles, readmeInstallLine, type DocumentedFile } from './support/readme.ts';

const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  devDependencies: Record<string, string>;
};
const pinned = (name: string): string => `${name}@${devDependencies[name] ?? 'latest'}`;

/** What `cdk init` gives by range, as it was when this was tried. */
const scaffoldVersions: Readonly<Record<string, string>> = {
  '@swc/core': '1.16.22',
  '@swc/jest': '0.2.39',
  '@types/jest': '30.0.0',
  '@types/node': '24.19.4',
  jest: '30.5.2',
  tsx: '4.23.15',
  typescript: '7.0.2',
  'aws-cdk-lib': devDependencies['aws-cdk-lib'] ?? '',
  constructs: devDependencies['constructs'] ?? '',
};

let root = '';
let tarball = '';

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'cdk-outbox-pack-'));
  // Packed as it lies: the build is the test command's first step.
  const [packed] = JSON.parse(
    await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', root], '.'),
  ) as { filename: string }[];
  tarball = join(root, packed?.filename ?? '');
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('the packed package', () => {
  it('holds what is built, the functions and the notices included, and nothing of the sources', async () => {
    const files = (await run('tar', ['-tzf', tarball], '.')).split('\n');

    expect(files).toContain('package/dist/functions/relay/index.mjs');
    expect(files).toContain('package/dist/THIRD-PARTY-NOTICES.txt');
    expect(files.filter((file) => /^package\/(lib|test|examples|bin)\//.test(file))).toEqual([]);
  });

  describe('without the CDK', () => {
    const oldestNode = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
    let folder = '';
    let node = '';

    beforeAll(async () => {
      folder = join(root, 'lambda-only');
      cpSync(join('test', 'packaging', 'lambda-only'), folder, { recursive: true });
      await install(folder, [tarball, pinned('zod'), `${oldestNode}@${minimumNodeMajor}.0.0`]);
      node = join(folder, 'node_modules', oldestNode, 'bin', 'node');
    });

    it('serves a Lambda-only user on the oldest Node.js, who downloads no CDK', async () => {
      const answer = JSON.parse(await run(node, ['service.js'], folder)) as object;

      expect(answer).toEqual({
        // The entry, and the note of its page for the sweeper.
        actions: 2,
        inbox: 'function',
        node: expect.stringMatching(`^v${minimumNodeMajor}\\.`) as string,
      });
      expect(existsSync(join(folder, 'node_modules', 'aws-cdk-lib'))).toBe(false);
      expect(existsSync(join(folder, 'node_modules', 'constructs'))).toBe(false);
    });

    it('checks the events of its user on the oldest Node.js, without AWS', async () => {
      const outbox = join('node_modules', 'cdk-outbox', 'dist', 'cli', 'outbox.mjs');
      const check = (verb: string, catalogue: string) =>
        run(node, [outbox, 'schema', verb, '--catalogue', catalogue], folder);

      await check('write', 'events.cjs');
      await check('check', 'events.mjs');

      await expect(check('check', 'events-changed.mjs')).rejects.toThrow(
        /data\.total: was number, is string/,
      );
    });

    it('says which Node.js the command needs before it loads anything', async () => {
      const entry = join(folder, 'alone.mjs');
      cpSync(join(folder, 'node_modules', 'cdk-outbox', 'dist', 'cli', 'outbox.mjs'), entry);
      const older = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'18.20.8'})`;

      await expect(run(process.execPath, ['--import', older, entry], folder)).rejects.toThrow(
        `outbox: needs Node.js ${minimumNodeMajor} or later, this is 18.20.8`,
      );
    });
  });

  describe('in the app that cdk init makes, with the code of the documentation', () => {
    let folder = '';

    beforeAll(async () => {
      folder = join(root, 'app');
      mkdirSync(folder);
      const cdk = resolve('node_modules', 'aws-cdk', 'bin', 'cdk');
      await run(
        process.execPath,
        [cdk, 'init', 'app', '--language', 'typescript', '--generate-only', '--no-notices'],
        folder,
      );
      pinScaffold(folder);
      cpSync(join('test', 'packaging', 'cdk-app'), folder, { recursive: true });
      for (const { name, text } of [...documentedFiles(), ...handlerTests()]) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text);
      }
      appendFileSync(
        join(folder, 'bin', 'app.ts'),
        `import { OrdersStack } from '../lib/orders-stack';\nnew OrdersStack(app, 'Orders');\n`,
      );
      const packages = readmeInstallLine().map((name) =>
        name === 'cdk-outbox' ? tarball : pinned(name),
      );
      await install(folder, packages);
    });

    const scaffolded = join('node_modules', 'typescript', 'bin', 'tsc');
    const older = resolve('node_modules', 'typescript', 'bin', 'tsc');
    const node10 = ['--module', 'commonjs', '--moduleResolution', 'node10'];

    it.each([
      ['as it comes', scaffolded, []],
      ['as it comes (nodenext), checking libraries', scaffolded, ['--skipLibCheck', 'false']],
      [
        'with moduleResolution node16',
        scaffolded,
        ['--module', 'node16', '--moduleResolution', 'node16', '--skipLibCheck', 'false'],
      ],
      [
        'with moduleResolution bundler',
        scaffolded,
        ['--module', 'preserve', '--moduleResolution', 'bundler', '--skipLibCheck', 'false'],
      ],
      [
        'with moduleResolution node10, which an older compiler has',
        older,
        [...node10, '--ignoreDeprecations', '6.0', '--skipLibCheck', 'false'],
      ],
    ] as const)('compiles %s', async (_, tsc, options) => {
      await run(process.execPath, [tsc, ...options], folder);
    });

    it('passes its tests under jest', async () => {
      await run(process.execPath, ['node_modules/jest/bin/jest.js', '--ci'], folder);
    });

    it('synthesizes by cdk synth', async () => {
      await run(process.execPath, ['node_modules/aws-cdk/bin/cdk', 'synth', '--quiet'], folder);

      const template = readFileSync(join(folder, 'cdk.out', 'Orders.template.json'), 'utf8');
      expect(template).toContain('AWS::Events::Rule');
      expect(template).toContain('AWS::Lambda::EventSourceMapping');
    });

    it('has a catalogue that outbox schema loads', async () => {
      const outbox = join('node_modules', 'cdk-outbox', 'dist', 'cli', 'outbox.mjs');

      await run(
        process.execPath,
        [outbox, 'schema', 'write', '--catalogue', 'lib/events.ts'],
        folder,
      );

      const snapshot = readFileSync(join(folder, 'events.snapshot.json'), 'utf8');
      expect(snapshot).toContain('"order.placed"');
    });

    it('works as ES modules next to its CommonJS copy', async () => {
      const answer = JSON.parse(await run(process.execPath, ['app.mjs'], folder)) as object;

      const all = ['function', 'function', 'function', 'function'];
      expect(answer).toEqual({ all, knowsTheOther: true });
    });
  });
});

/** Replaces the ranges of a scaffold by the versions that were tried, so that no release in between fails the test. */
function pinScaffold(folder: string): void {
  const path = join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const pin = (ranges: Record<string, string>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(ranges).map(([name, range]) => [name, scaffoldVersions[name] ?? range]),
    );
  const exact = {
    ...manifest,
    dependencies: pin(manifest.dependencies),
    devDependencies: pin(manifest.devDependencies),
  };
  writeFileSync(path, JSON.stringify(exact));
}

/** The tests of a handler that the documentation shows, as the app's jest takes them: its globals are not imported. */
function handlerTests(): DocumentedFile[] {
  const pages = ['docs/testing.md'].filter((page) => existsSync(page));
  return documentedFiles(pages).map(({ name, text }) => ({
    name: join('test', 'handlers', name),
    text: text
      .replaceAll(/^import .* from 'vitest';\n/gm, '')
      .replaceAll(/(from '\.[^']+)\.ts'/g, "$1'"),
  }));
}

/** Installs packages as their user would. */
async function install(folder: string, packages: readonly string[]): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
  await run('npm', ['install', ...quiet, ...packages], folder);
}

/** Runs a command in a folder. Returns what it wrote to standard output; throws with all that it wrote if it fails. */
async function run(name: string, args: readonly string[], cwd: string): Promise<string> {
  // The app's scripts find the Node.js that runs the tests.
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const env = { ...process.env, PATH: path, CI: 'true' };
  const { exitCode, stdout, stderr } = await captureChild({ name, arguments: args, cwd, env });
  if (exitCode === 0) return stdout;
  throw new Error(`${[name, ...args].join(' ')} failed:\n${stdout}\n${stderr}`);
}
