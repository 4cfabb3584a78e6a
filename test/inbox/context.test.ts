import { expect, test, vi } from 'vitest';

import { currentContext } from '../../lib/runtime.ts';
import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import { localRig, memoryRig, OrderPlaced, PaymentRequested, placed } from './support.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const tracestate = 'vendor=1';
const context = {
  ...{ correlationId: 'c-1', causationId: 'r-1', tenant: 't-1' },
  ...{ traceparent, tracestate },
};

test('what a handler emits inherits correlation, trace and tenant, and has the message as its cause', async () => {
  const rig = await localRig();
  const handler = rig.inbox.on(OrderPlaced, (_, tx) => {
    tx.emit(PaymentRequested('1', { orderId: '1' }));
  });
  const message = messageOf(placed('42'), context);

  await handler(sqsEventOf([message]));

  expect(await rig.rowsOf(rig.settings.outbox?.tableName)).toMatchObject([
    { ...context, causationId: message.id },
  ]);
});

test('the context is there for whatever a handler calls, apart for each message', async () => {
  const { inbox } = memoryRig();
  const seen: unknown[] = [];
  const handler = inbox.on(OrderPlaced, async () => {
    await new Promise(setImmediate);
    seen.push(currentContext());
  });
  const first = messageOf(placed('1'), { correlationId: 'c-1' });
  const second = messageOf(placed('2'), { correlationId: 'c-2', tenant: 't-2' });

  await handler(sqsEventOf([first, second]));

  expect(seen).toEqual([
    { correlationId: 'c-1', causationId: first.id },
    { correlationId: 'c-2', causationId: second.id, tenant: 't-2' },
  ]);
});

test('a message without a correlation id begins a correlation of its own', async () => {
  const { inbox } = memoryRig();
  const handle = vi.fn();
  const message = messageOf(placed('42'));
  const body = JSON.stringify({ ...message, correlationid: undefined });

  await inbox.on(OrderPlaced, handle)(sqsEventOf([body]));

  expect(handle.mock.calls[0]?.[0]).toMatchObject({ correlationId: message.id });
});

test('a trace that is malformed reaches neither the handler nor what it emits', async () => {
  const rig = await localRig();
  const seen: unknown[] = [];
  const handler = rig.inbox.on(OrderPlaced, (message, tx) => {
    seen.push(message.traceparent, message.tracestate, currentContext());
    tx.emit(PaymentRequested('1', { orderId: '1' }));
  });
  const message = messageOf(placed('42'), { traceparent: 'garbage', tracestate });

  await handler(sqsEventOf([message]));

  const causedBy = { correlationId: message.correlationid, causationId: message.id };
  expect(seen).toEqual([undefined, undefined, causedBy]);
  const [emitted] = await rig.rowsOf(rig.settings.outbox?.tableName);
  expect(emitted).not.toHaveProperty('traceparent');
});

test('its log lines name the event that caused it', async () => {
  const { inbox, lines } = memoryRig();

  await inbox.on(OrderPlaced, (_, tx) => {
    tx.logger.info('billed');
  })(sqsEventOf([messageOf(placed('42'), { causationId: 'r-1' })]));

  expect(lines).toContainEqual(expect.objectContaining({ message: 'billed', causationId: 'r-1' }));
});

test('its log lines name the trace, for whoever looks for it by that', async () => {
  const { inbox, lines } = memoryRig();
  const message = messageOf(placed('42'), { traceparent });

  await inbox.on(OrderPlaced, (_, tx) => {
    tx.logger.info('billed');
  })(sqsEventOf([message]));

  const traceId = '0af7651916cd43dd8448eb211c80319c';
  expect(lines).toContainEqual(expect.objectContaining({ message: 'billed', traceId }));
});
