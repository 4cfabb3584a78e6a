import { expect, it } from 'vitest';
import { z } from 'zod';

import {
  createInbox,
  createSaga,
  defineEvent,
  defineSaga,
  withContext,
  type OutboxErrorCode,
} from '../lib/runtime.ts';
import { openOutbox } from '../lib/outbox/outbox.ts';
import { createMemoryTransactor } from '../lib/testing/memory-transactor.ts';
import { writerConfig } from './support/orders.ts';

/** As plain JavaScript calls it: with anything. */
type Untyped = (...given: unknown[]) => unknown;

const schema = z.object({});
const OrderPlaced = defineEvent('order.placed', { aggregateType: 'order', schema });
const handler = (): void => undefined;
const saga = defineSaga('fulfilment', { state: schema }) as unknown as Record<string, Untyped>;
const outbox = openOutbox(writerConfig('outbox'), {
  transactor: createMemoryTransactor({ outbox: ['pk', 'sk'] }),
});
const { write, prepare } = outbox as unknown as Record<'write' | 'prepare', Untyped>;
const { on } = createInbox() as unknown as Record<'on', Untyped>;
const untyped = { defineEvent, defineSaga, createSaga, withContext } as unknown as Record<
  'defineEvent' | 'defineSaga' | 'createSaga' | 'withContext',
  Untyped
>;

const cases: [missing: string, call: string, given: () => unknown][] = [
  ['type', 'defineEvent(', () => untyped.defineEvent()],
  ['options', 'defineEvent(', () => untyped.defineEvent('order.placed')],
  ['aggregateType', 'defineEvent(', () => untyped.defineEvent('order.placed', { schema })],
  ['schema', 'defineEvent(', () => untyped.defineEvent('order.placed', { aggregateType: 'order' })],
  ['definition', '.on(', () => on()],
  ['definition', '.on(', () => on(undefined, handler)],
  ['handler', '.on(', () => on(OrderPlaced)],
  ['name', 'defineSaga(', () => untyped.defineSaga()],
  ['options', 'defineSaga(', () => untyped.defineSaga('fulfilment')],
  ['state', 'defineSaga(', () => untyped.defineSaga('fulfilment', {})],
  ['definition', '.startedBy(', () => saga['startedBy']?.()],
  ['handler', '.startedBy(', () => saga['startedBy']?.(OrderPlaced)],
  ['definition', '.on(', () => saga['on']?.()],
  ['handler', '.on(', () => saga['on']?.(OrderPlaced)],
  ['definition', '.onLate(', () => saga['onLate']?.()],
  ['handler', '.onLate(', () => saga['onLate']?.(OrderPlaced)],
  ['deadline', '.onDeadline(', () => saga['onDeadline']?.()],
  ['handler', '.onDeadline(', () => saga['onDeadline']?.('payment')],
  ['name', '.compensation(', () => saga['compensation']?.()],
  ['handler', '.compensation(', () => saga['compensation']?.('payment')],
  ['definition', 'createSaga(', () => untyped.createSaga()],
  ['context', 'withContext(', () => untyped.withContext()],
  ['fn', 'withContext(', () => untyped.withContext({})],
  ['request', 'write(', () => write()],
  ['events', 'write(', () => write({})],
  ['events', 'prepare(', () => prepare()],
];

it.each(cases)('the runtime names a missing %s and the call %s…)', async (missing, call, given) => {
  const failing = async (): Promise<unknown> => await given();

  await expect(failing()).rejects.toMatchObject({
    code: 'OPTION_INVALID' satisfies OutboxErrorCode,
    message: expect.stringMatching(/^\S+ is required, got (undefined|null): call /) as string,
    details: { option: missing },
  });
  await expect(failing()).rejects.toThrow(`: call ${call}`);
});
