import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { DynamoDBDocumentClient, GetCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';

import { runChild } from '../bin/demo/child.ts';
import { rowToEntry, type Entry, type Row } from '../lib/table/entry.ts';
import { toMessageJson } from '../lib/table/message.ts';
import { createIdTable, createKeyedTable, createOutboxTable } from './support/create-tables.ts';
import { permissionsTable } from './support/permissions-table.ts';
import { documentationPages, documentedFiles, writeDocumentedFiles } from './support/readme.ts';
import { localClient } from './support/tables.ts';

let folder = '';

beforeAll(() => {
  folder = writeDocumentedFiles();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the code of the documentation', () => {
  it('compiles', () => {
    const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as {
      config: { compilerOptions: object };
    };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
    const files = documentedFiles().map(({ name }) => join(folder, name));

    const program = ts.createProgram(files, { ...options, rootDir: '.' });

    const problems = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
      file: file?.fileName,
      problem: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }));
    expect(problems).toEqual([]);
  });

  it('synthesizes', async () => {
    const app = `
      import { App, Stack } from 'aws-cdk-lib';
      import { EventBus } from 'aws-cdk-lib/aws-events';
      import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
      import { Destination, Outbox, Saga } from 'cdk-outbox';
      import { fulfilment } from './lib/fulfilment.ts';
      import { OrdersStack } from './lib/orders-stack.ts';
      const app = new App({ outdir: 'cdk.out' });
      new OrdersStack(app, 'Orders');
      const stack = new Stack(app, 'Sagas');
      const from = new EventBus(stack, 'Bus');
      const code = Code.fromInline('exports.handler = 1');
      new Saga(stack, 'Fulfilment', {
        sagaName: fulfilment.name,
        outbox: new Outbox(stack, 'Outbox', { source: 'orders', destination: Destination.eventBus(from) }),
        from,
        events: fulfilment.eventTypes,
        handler: new Function(stack, 'Handler', { runtime: Runtime.NODEJS_24_X, handler: 'index.handler', code }),
      });
      app.synth();
    `;
    writeFileSync(join(folder, 'app.ts'), app);

    const command = { name: process.execPath, arguments: ['app.ts'], env: process.env };
    await runChild({ ...command, cwd: resolve(folder) });

    const template = readFileSync(join(folder, 'cdk.out', 'Orders.template.json'), 'utf8');
    expect(template).toContain('AWS::Events::Rule');
    expect(template).toContain('AWS::Lambda::EventSourceMapping');
    const sagas = readFileSync(join(folder, 'cdk.out', 'Sagas.template.json'), 'utf8');
    expect(sagas).toContain('fulfilment.deadline');
  });

  it('writes an order with its event, and bills it once', async () => {
    const client = localClient();
    const documents = DynamoDBDocumentClient.from(client);
    const [outbox, inbox, orders, invoices] = await Promise.all([
      createOutboxTable(client),
      createKeyedTable(client),
      createIdTable(client),
      createIdTable(client),
    ]);
    for (const [name, value] of Object.entries({
      AWS_ENDPOINT_URL: inject('dynamoDBEndpoint'),
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      OUTBOX_TABLE: outbox,
      OUTBOX_SHARDS: '16',
      OUTBOX_RETENTION_MS: '1209600000',
      OUTBOX_ACCEPTS: '[{"maxMessageBytes":1000000}]',
      INBOX_NAME: 'billing',
      INBOX_TABLE: inbox,
      INBOX_DEDUPE_WINDOW_MS: '2592000000',
      INBOX_DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:1/dead-letters',
      ORDERS_TABLE: orders,
      INVOICES_TABLE: invoices,
    })) {
      vi.stubEnv(name, value);
    }
    const producer = (await load('lib/place-order.ts')) as {
      handler: (order: object) => Promise<void>;
    };
    const consumer = (await load('lib/bill-order.ts')) as {
      handler: (event: object) => Promise<{ batchItemFailures: unknown[] }>;
    };

    await producer.handler({ id: '42', total: 7 });
    const { Items: rows = [] } = await documents.send(new ScanCommand({ TableName: outbox }));
    const body = toMessageJson(rowToEntry(rows[0] as Row) as Entry, 'orders');
    const record = {
      messageId: 'm',
      body,
      attributes: {},
      messageAttributes: {},
      eventSourceARN: 'arn:q',
    };
    const answers = [
      await consumer.handler({ Records: [record] }),
      await consumer.handler({ Records: [record] }),
    ];

    expect(rows).toHaveLength(1);
    expect(answers).toEqual([{ batchItemFailures: [] }, { batchItemFailures: [] }]);
    const { Item } = await documents.send(
      new GetCommand({ TableName: invoices, Key: { id: '42' } }),
    );
    expect(Item).toEqual({ id: '42', total: 7 });
  });
});

describe('the README', () => {
  it('has at most 200 lines', () => {
    const lines = readFileSync('README.md', 'utf8').trimEnd().split('\n');

    expect(lines.length).toBeLessThanOrEqual(200);
  });

  it('leads to every page of the documentation', () => {
    const linked = linksOf('README.md').map(({ path }) => path);

    expect(documentationPages.slice(1).filter((page) => !linked.includes(page))).toEqual([]);
  });
});

describe('the documentation', () => {
  it('says which IAM actions each command uses', () => {
    const page = readFileSync('docs/iam.md', 'utf8');
    const [table] = /^\| to \| IAM actions \|\n(\|.*\n)+/m.exec(page) ?? [];

    expect(table?.trimEnd()).toBe(permissionsTable());
  });

  it.each(documentationPages)('%s names only tests and files that exist', (page) => {
    // The page about tests names files of its reader's app.
    const text = page === 'docs/testing.md' ? '' : readFileSync(page, 'utf8');
    const sources = [...text.matchAll(/`((?:test|examples)\/[^`]*|lib\/[^`]*\/[^`]*)`/g)];

    const paths = [
      ...linksOf(page).map(({ path }) => path),
      ...sources.map(([, path = '']) => path),
    ];

    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  it.each(documentationPages)('%s links only to headings that exist', (page) => {
    const toHeadings = linksOf(page).filter(({ heading }) => heading !== undefined);

    const broken = toHeadings.filter(
      ({ path, heading = '' }) => !headingsOf(path).includes(heading),
    );

    expect(broken).toEqual([]);
  });
});

/** The links of a page into the repository, by their path from its root. */
function linksOf(page: string): { path: string; heading?: string }[] {
  const links = readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g);
  return [...links].map(([, path = '', heading]) => ({
    path: path === '' ? page : join(dirname(page), path).replaceAll('\\', '/'),
    ...(heading === undefined ? {} : { heading }),
  }));
}

/** The headings of a page, as GitHub names them in a link. */
function headingsOf(page: string): string[] {
  const headings = readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

function load(name: string): Promise<unknown> {
  return import(pathToFileURL(resolve(folder, name)).href);
}
