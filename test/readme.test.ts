import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { DynamoDBDocumentClient, GetCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';

import { runChild } from '../bin/demo/child.ts';
import { rowToEntry, type Entry, type Row } from '../lib/table/entry.ts';
import { toMessageJson } from '../lib/table/message.ts';
import { createIdTable, createKeyedTable, createOutboxTable } from './support/create-tables.ts';
import { permissionsTable } from './support/permissions-table.ts';
import { documentedFiles, writeDocumentedFiles } from './support/readme.ts';
import { localClient } from './support/tables.ts';

let folder = '';

beforeAll(() => {
  folder = writeDocumentedFiles();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the code of the README', () => {
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

  it('says which IAM actions each command uses', () => {
    const readme = readFileSync('README.md', 'utf8');
    const [table] = /^\| to \| IAM actions \|\n(\|.*\n)+/m.exec(readme) ?? [];

    expect(table?.trimEnd()).toBe(permissionsTable());
  });

  it('names only tests and files that exist', () => {
    const readme = readFileSync('README.md', 'utf8');
    const links = [...readme.matchAll(/\]\((?!http|#)([^)]+)\)/g)].map(([, path = '']) => path);
    const tests = [...readme.matchAll(/`((?:test|lib|examples)\/[^`]*)`/g)].map(
      ([, path = '']) => path,
    );

    expect([...links, ...tests].filter((path) => !existsSync(path))).toEqual([]);
  });
});

function load(name: string): Promise<unknown> {
  return import(pathToFileURL(resolve(folder, name)).href);
}
