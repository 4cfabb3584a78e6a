import { describe, expect, it } from 'vitest';

import { findOutbox, type OutboxName, type OutboxPlace } from '../../lib/cli/aws/find.ts';
import {
  inboxFunction,
  outboxFunctions,
  servicesOf,
  type FakeFunction,
} from './support/account.ts';
import { awsError, fakeClients } from './support/clients.ts';

const shop = outboxFunctions('shop-table');
const billing = outboxFunctions('billing-table', { stack: 'Billing' });
const all = [...shop, inboxFunction('Shop/Inbox'), ...billing];

function find(functions: readonly FakeFunction[], name: OutboxName = {}): Promise<OutboxPlace> {
  return findOutbox(name, fakeClients(servicesOf({ functions })));
}

describe('finding an outbox', () => {
  it('takes the only one there is, and knows its parts', async () => {
    expect(await find([inboxFunction('Shop/Inbox'), ...shop])).toMatchObject({
      name: 'Shop/Outbox',
      tableName: 'shop-table',
      relay: 'Shop-RelayFunction',
      sweeper: 'Shop-SweeperFunction',
      config: { source: 'orders', shards: 4, destinations: [{ name: 'bus/Bus' }] },
      stack: { name: 'Shop' },
    });
  });

  it.each<[string, OutboxName]>([
    ['its stack', { stack: 'Billing' }],
    ['its path', { path: 'Billing/Outbox' }],
    ['its table', { table: 'billing-table' }],
    ['its stack and the end of its path', { stack: 'Billing', path: 'Outbox' }],
  ])('takes the one that %s names', async (_, name) => {
    expect(await find(all, name)).toMatchObject({
      name: 'Billing/Outbox',
      tableName: 'billing-table',
      relay: 'Billing-RelayFunction',
    });
  });

  it('says which there are where several could be meant', async () => {
    await expect(find(all)).rejects.toMatchObject({ code: 'OUTBOX_AMBIGUOUS' });
    await expect(find(all)).rejects.toThrow(
      '--outbox Shop/Outbox (table shop-table)\n  --outbox Billing/Outbox (table billing-table)',
    );
    await expect(find(all, { path: 'Outbox' })).rejects.toThrow('--outbox Billing/Outbox');
  });

  it('suggests the nearest where there is none of that name', async () => {
    await expect(find(all, { path: 'Bilings/Outbox' })).rejects.toThrow(
      'Did you mean Billing/Outbox?',
    );
    await expect(find(all, { path: 'Elsewhere' })).rejects.not.toThrow('Did you mean');
  });

  it('says where it looked where there is none at all', async () => {
    await expect(find([])).rejects.toThrow('there is no outbox in this region and account');
    await expect(find([inboxFunction('Shop/Inbox')], { stack: 'Shop' })).rejects.toThrow(
      'no outbox in stack Shop',
    );
    await expect(find(all, { stack: 'Shpo' })).rejects.toThrow('there is no stack Shpo');
  });

  it('makes do with a table that no function is of', async () => {
    expect(await find(shop, { table: 'an-old-table' })).toEqual({
      name: 'an-old-table',
      tableName: 'an-old-table',
    });
  });

  it('makes do with a table where functions may not be listed', async () => {
    const clients = fakeClients({
      lambda: {
        ListFunctions: () => {
          throw awsError('AccessDeniedException');
        },
      },
    });

    expect(await findOutbox({ table: 'shop-table' }, clients)).toMatchObject({
      tableName: 'shop-table',
    });
    await expect(findOutbox({}, clients)).rejects.toThrow('AccessDenied');
  });

  it.each([
    ['AccessDenied', {}],
    ['AccessDenied', { path: 'Shop/Outbox' }],
    ['TimeoutError', { path: 'Shop/Outbox' }],
    ['ThrottlingException', { path: 'outbox', table: 'shop-table' }],
  ])('does without the stack where CloudFormation answers %s', async (failure, name) => {
    const clients = fakeClients({
      ...servicesOf({ functions: all }),
      cloudformation: {
        DescribeStackResources: () => {
          throw awsError(failure);
        },
      },
    });

    const place = await findOutbox({ table: 'shop-table', ...name }, clients);

    expect(place).toMatchObject({
      name: 'Shop/Outbox',
      stackUnseen: expect.stringContaining(failure) as string,
      relay: 'Shop-RelayFunction',
      sweeper: 'Shop-SweeperFunction',
    });
  });

  it('sees of a stack what it may, and asks for no function that is not of the package', async () => {
    const foreign = {
      name: 'Shop-PlaceOrder',
      stack: 'Shop',
      path: 'Shop/PlaceOrder',
      environment: {},
    };
    const services = servicesOf({ functions: [...shop, foreign] });
    const describe = services.lambda?.['GetFunctionConfiguration'];
    const clients = fakeClients({
      ...services,
      lambda: {
        GetFunctionConfiguration: (input: { FunctionName: string }) => {
          if (input.FunctionName === 'Shop-SweeperFunction')
            throw awsError('AccessDeniedException');
          return describe?.(input as never);
        },
      },
    });

    expect(await findOutbox({ stack: 'Shop' }, clients)).toMatchObject({
      relay: 'Shop-RelayFunction',
    });
    expect(clients.takeCalls().map(({ input }) => input['FunctionName'])).not.toContain(
      foreign.name,
    );
  });

  it('does without a stack where the functions are of none', async () => {
    const functions = shop.map(({ name, environment }) => ({ name, environment }));

    expect(await find(functions)).toMatchObject({ name: 'Shop/Outbox' });
  });

  it('passes on what else goes wrong', async () => {
    const clients = fakeClients({
      lambda: {
        ListFunctions: () => {
          throw awsError('ThrottlingException');
        },
      },
    });

    await expect(findOutbox({ table: 'shop-table' }, clients)).rejects.toThrow('Throttling');
  });
});
