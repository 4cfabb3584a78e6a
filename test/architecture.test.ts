import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';

import ts from 'typescript';
import { describe, expect, it } from 'vitest';

import { surfaceOf } from './support/exports.ts';

const awsSdk = /^@aws-sdk\//;
const powertools = /^@aws-lambda-powertools\//;
const dynamoDB = ['@aws-sdk/client-dynamodb', '@aws-sdk/lib-dynamodb', '@aws-sdk/util-dynamodb'];

/** The one dependency rule, from the bottom up: what each part may import of ours, and of others. */
const rule: Record<string, { ours: string[]; others: (string | RegExp)[] }> = {
  'lib/core': { ours: [], others: ['uuid'] },
  'lib/table': { ours: ['core'], others: [] },
  'lib/dynamodb': { ours: ['core', 'table'], others: dynamoDB },
  'lib/events': { ours: ['core', 'table'], others: ['@standard-schema/spec'] },
  'lib/outbox': { ours: ['core', 'table', 'dynamodb', 'events'], others: dynamoDB },
  'lib/inbox': {
    ours: ['core', 'table', 'dynamodb', 'events', 'outbox'],
    others: [...dynamoDB, '@aws-sdk/client-sqs', powertools, '@standard-schema/spec'],
  },
  'lib/saga': {
    ours: ['core', 'table', 'dynamodb', 'events', 'outbox', 'inbox'],
    others: [...dynamoDB, '@standard-schema/spec'],
  },
  'lib/reconciliation': {
    ours: ['core', 'table', 'dynamodb', 'events', 'outbox', 'inbox'],
    others: [...dynamoDB, '@aws-sdk/client-sqs', powertools],
  },
  'lib/delivery': { ours: ['core', 'table', 'dynamodb'], others: [awsSdk] },
  'lib/sweeper': { ours: ['core', 'table', 'dynamodb', 'delivery'], others: [] },
  'lib/archive': {
    ours: ['core', 'table', 'dynamodb', 'delivery'],
    others: ['@aws-sdk/client-s3'],
  },
  'lib/operate': {
    ours: ['core', 'table', 'dynamodb', 'delivery', 'sweeper', 'archive'],
    others: [],
  },
  'lib/constructs': { ours: ['core', 'table'], others: [/^aws-cdk-lib(\/|$)/, 'constructs'] },
  'lib/testing': {
    ours: ['core', 'table', 'dynamodb', 'events', 'outbox', 'inbox', 'saga'],
    others: dynamoDB,
  },
  'lib/cli': {
    ours: [
      ...['core', 'table', 'dynamodb', 'events', 'outbox', 'inbox', 'saga', 'reconciliation'],
      ...['delivery', 'sweeper', 'archive', 'operate'],
    ],
    others: [awsSdk, 'commander', 'cli-table3', 'jiti', 'string-width'],
  },
  functions: {
    ours: [...['core', 'table', 'dynamodb', 'outbox', 'inbox', 'delivery', 'sweeper', 'archive']],
    others: [awsSdk, powertools, '@middy/core'],
  },
};

/** Parts that see the package only as a user does, by its name. */
const users = ['examples'];

const sources = globSync('{lib,functions,examples}/**/*.ts').map((path) =>
  path.replaceAll('\\', '/'),
);

describe('the dependency rule', () => {
  for (const [part, allowed] of Object.entries(rule)) {
    const files = sources.filter((file) => file.startsWith(`${part}/`));

    it(`lets ${part} import of ours only ${allowed.ours.join(', ') || 'itself'}`, () => {
      const reached = files.flatMap((file) => ownImports(file).map((target) => ({ file, target })));

      const forbidden = reached.filter(
        ({ target }) =>
          ![part, ...allowed.ours.map((own) => `lib/${own}`)].some((own) =>
            target.startsWith(`${own}/`),
          ),
      );

      expect(forbidden).toEqual([]);
    });

    it(`lets ${part} import of others only what the rule names`, () => {
      const others = files.flatMap((file) => packageImports(file).map((name) => ({ file, name })));

      const forbidden = others.filter(
        ({ name }) =>
          !isNode(name) &&
          !allowed.others.some((own) => (typeof own === 'string' ? own === name : own.test(name))),
      );

      expect(forbidden).toEqual([]);
    });
  }

  it('has a line for each part of lib', () => {
    const parts = new Set(
      sources.filter((file) => /^lib\/[^/]+\//.test(file)).map((file) => file.split('/')[1]),
    );

    expect([...parts].filter((part) => rule[`lib/${part ?? ''}`] === undefined)).toEqual([]);
  });

  it('keeps the table free of everything, Node included', () => {
    const files = sources.filter((file) => file.startsWith('lib/table/'));

    expect(files.flatMap(packageImports)).toEqual([]);
  });

  it('lets the examples see the package by its name alone', () => {
    const files = sources.filter((file) => users.some((part) => file.startsWith(`${part}/`)));

    const reached = files
      .flatMap(ownImports)
      .filter((target) => !users.some((part) => target.startsWith(part)));

    expect(reached).toEqual([]);
  });

  it('has no import cycles', () => {
    const graph = new Map(sources.map((file) => [file, ownImports(file)]));

    expect(findCycle(graph)).toBeUndefined();
  });

  it('reads the environment in functions, and for users in one module', () => {
    const readers = sources.filter(
      (file) => file.startsWith('lib/') && /\bprocess\.env\b/.test(withoutComments(file)),
    );

    expect(readers).toEqual(['lib/outbox/settings.ts']);
  });

  it('keeps functions to thirty lines', () => {
    const long = globSync('functions/*/index.ts').filter((file) => codeLines(file) > 30);

    expect(long).toEqual([]);
  });
});

describe('the surface of a file', () => {
  const files = globSync('{lib,functions,bin,examples,test,bench}/**/*.ts')
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.startsWith('test/packaging/'));
  const surfaces = new Map(files.map((file) => [file, surfaceOf(file)]));
  const entryPoints = ['lib/index.ts', 'lib/runtime.ts', 'lib/testing.ts'];
  const importersOf = Map.groupBy(
    files.flatMap((file) => (surfaces.get(file)?.imported ?? []).map((name) => ({ file, name }))),
    ({ name }) => name,
  );
  const isImported = (file: string, name: string, byTests: boolean): boolean =>
    [`${file}#${name}`, `${file}#*`].some((wanted) =>
      importersOf.get(wanted)?.some(({ file: by }) => byTests || !/^(test|bench)\//.test(by)),
    );
  const inLib = [...surfaces].filter(
    ([file]) => /^(lib|bin)\//.test(file) && !entryPoints.includes(file),
  );

  it('exports nothing that no other file imports, but types of what it exports', () => {
    const dead = inLib.flatMap(([file, { exported }]) =>
      exported
        .filter(({ name, isType, isUsedInside }) => {
          return !isImported(file, name, true) && !(isType && isUsedInside);
        })
        .map(({ name }) => `${file} ${name}`),
    );

    expect(dead).toEqual([]);
  });

  it('has a name that no other file of lib exports', () => {
    const filesOf = Map.groupBy(
      [...surfaces]
        .filter(([file]) => file.startsWith('lib/') && !entryPoints.includes(file))
        .flatMap(([file, { exported }]) => exported.map(({ name }) => ({ file, name }))),
      ({ name }) => name,
    );

    const doubled = [...filesOf].filter(([, files]) => files.length > 1).map(([name]) => name);

    expect(doubled).toEqual([]);
  });

  it('has no error code that is never thrown', () => {
    const codes = readFileSync('lib/core/errors.ts', 'utf8').matchAll(/^ {2}\| '([A-Z_]+)'/gm);
    const thrown = sources
      .filter((file) => file.startsWith('lib/') && file !== 'lib/core/errors.ts')
      .map(withoutComments)
      .join('\n');

    expect(
      [...codes].flatMap(([, code = '']) => (thrown.includes(`'${code}'`) ? [] : [code])),
    ).toEqual([]);
  });

  it('has nothing that only tests use, but two ways to give them settings', () => {
    const forTests = ['lib/inbox/inbox.ts openInbox', 'lib/outbox/settings.ts runInTestScope'];

    const dead = inLib
      // The memory stores of the conformance suites: some are for our own tests alone.
      .filter(([file]) => !file.startsWith('lib/testing/'))
      .flatMap(([file, { exported }]) =>
        exported
          .filter(({ name, isUsedInside }) => !isUsedInside && !isImported(file, name, false))
          .map(({ name }) => `${file} ${name}`),
      );

    expect(dead.filter((one) => !forTests.includes(one))).toEqual([]);
  });
});

describe('processes', () => {
  it('are started on a leash alone, so that they end with whoever starts them', () => {
    const starters = globSync(
      '{lib,functions,bin,examples,test,bench}/**/*.{ts,js,mjs,cjs}',
    ).filter((file) => packageImports(file).some((name) => /^(node:)?child_process$/.test(name)));

    expect(starters.sort()).toEqual(['bin/demo/child.ts', 'bin/demo/leash.ts']);
  });
});

describe('time', () => {
  const code = sources.filter((file) => file.startsWith('lib/') && file !== 'lib/core/system.ts');

  it('is read from a clock port alone', () => {
    const readers = code.filter((file) =>
      /\bDate\.now\(\)|\bnew Date\(\)|\bperformance\.now\b/.test(withoutStrings(file)),
    );

    expect(readers).toEqual([]);
  });

  it('is the system’s only where a clock is chosen, as the default of an option', () => {
    const readers = code.filter((file) =>
      /\bsystemClock\.(now|sleep)\b/.test(withoutStrings(file)),
    );

    // An event takes its id when it is made, before it meets any port.
    expect(readers.filter((file) => file !== 'lib/events/define-event.ts')).toEqual([]);
  });
});

function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(file, 'utf8'), true, true)
    .importedFiles.map(({ fileName }) => fileName);
}

function ownImports(file: string): string[] {
  return importsOf(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => relative('.', join(dirname(file), name)));
}

function packageImports(file: string): string[] {
  return importsOf(file).filter((name) => !name.startsWith('.'));
}

function isNode(name: string): boolean {
  return name.startsWith('node:') || builtinModules.includes(name);
}

function withoutComments(file: string): string {
  return readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
}

function withoutStrings(file: string): string {
  return withoutComments(file).replaceAll(/'[^'\n]*'/g, "''");
}

function codeLines(file: string): number {
  const statements = withoutComments(file).split('\n');
  return statements.filter((line) => line.trim() !== '' && !line.startsWith('import')).length;
}

function findCycle(graph: ReadonlyMap<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    const cycle = (graph.get(file) ?? []).map((next) => visit(next, [...path, file])).find(Boolean);
    done.add(file);
    return cycle;
  };
  return [...graph.keys()].map((file) => visit(file, [])).find(Boolean);
}
