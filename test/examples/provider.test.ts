import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ProviderRequest } from '../../examples/provider/contract.ts';
import { testCards } from '../../examples/provider/test-cards.ts';
import { createIdTable } from '../support/create-tables.ts';
import { localClient } from '../support/tables.ts';
import { startLocalFunctions, type LocalFunction } from './support/local-functions.ts';
import type { LocalServer } from './support/local-server.ts';
import { openService, type Service } from './support/service.ts';

let functions: LocalServer;
let service: Service;
let charges: string;
let ask: LocalFunction;
/** What the provider told by itself. */
const told: unknown[] = [];

beforeAll(async () => {
  charges = await createIdTable(localClient());
  functions = await startLocalFunctions({
    customer: (event) => Promise.resolve(told.push(event)),
  });
  service = await openService('provider', {
    AWS_ENDPOINT_URL_LAMBDA: functions.url,
    CHARGES_TABLE: charges,
  });
  ({ handler: ask } = await import('../../examples/provider/answer.ts'));
});

afterAll(async () => {
  await functions[Symbol.asyncDispose]();
});

function charge(key: string, card: string = testCards.good): ProviderRequest {
  return { do: 'charge', key, reference: `for ${key}`, amount: 12, card, notify: 'customer' };
}

function refund(key: string): ProviderRequest {
  return { do: 'refund', key, reference: `for ${key}` };
}

function answer(key: string, charged: number, refunded = 0): object {
  return { reference: `for ${key}`, charged, refunded };
}

describe('the stand-in for a payment provider', () => {
  it('charges a key once, however often it is asked and whatever for', async () => {
    const first = await ask(charge('once'));
    const again = await ask({ ...charge('once'), amount: 99 });

    expect([first, again]).toEqual([answer('once', 12), answer('once', 12)]);
    expect(await service.row(charges, 'once')).toMatchObject({ charged: 12, asked: 2 });
  });

  it('makes another charge of another key, though it is for the same', async () => {
    await ask({ ...charge('a'), reference: 'same' });
    await ask({ ...charge('b'), reference: 'same' });

    const rows = await service.rows(charges);
    expect(rows.filter(({ reference }) => reference === 'same')).toHaveLength(2);
  });

  it('gives back what it took, once', async () => {
    await ask(charge('back'));

    expect(await ask(refund('back'))).toEqual(answer('back', 12, 12));
    expect(await ask(refund('back'))).toEqual(answer('back', 12, 12));
  });

  it('takes nothing for a key that was refunded before', async () => {
    expect(await ask(refund('early'))).toEqual(answer('early', 0));
    expect(await ask(charge('early'))).toEqual(answer('early', 0));
  });

  it('refuses what it is not asked in the right way', async () => {
    await expect(ask({ ...charge('wrong'), amount: -1 })).rejects.toThrow(/amount/);
  });
});

describe('test cards', () => {
  it('have the bank refuse: nothing is taken', async () => {
    expect(await ask(charge('refused', testCards.refused))).toEqual(answer('refused', 0));
  });

  it('have the first answer lost after the money is taken', async () => {
    const request = charge('lost', testCards.firstAnswerLost);

    await expect(ask(request)).rejects.toThrow(/is lost/);
    expect(await service.row(charges, 'lost')).toMatchObject({ charged: 12 });
    expect(await ask(request)).toEqual(answer('lost', 12));
  });

  it('have every answer lost, though the money is taken', async () => {
    const request = charge('silent', testCards.silent);

    await expect(ask(request)).rejects.toThrow(/is lost/);
    await expect(ask(request)).rejects.toThrow(/is lost/);
    expect(await service.row(charges, 'silent')).toMatchObject({ charged: 12, asked: 2 });
  });

  it('have it tell of the charge by itself too; others have not', async () => {
    await ask(charge('quiet'));
    await ask(charge('told', testCards.answersTwice));

    expect(told).toEqual([answer('told', 12)]);
  });
});
