import { CloudEvent } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  isInvalidMessage,
  sequenceOf,
  toMessage,
  toMessageAttributes,
  toMessageJson,
  type Message,
} from '../../lib/table/message.ts';
import { someEntry, someText } from '../support/arbitraries.ts';
import { anEntry } from '../support/entries.ts';

const parsed = (json: string): Record<string, unknown> =>
  JSON.parse(json) as Record<string, unknown>;

describe('the message of an entry', () => {
  it('says all that the entry does', () => {
    const entry = anEntry({
      sequence: 7,
      correlationId: 'request-1',
      causationId: 'event-1',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      tenant: 'acme',
    });

    expect(parsed(toMessageJson(entry, 'orders', { replayId: 'replay-1' }))).toEqual({
      specversion: '1.0',
      id: entry.id,
      source: 'orders',
      type: 'order.placed',
      subject: 'order/42',
      time: '2026-11-21T04:37:30.000Z',
      datacontenttype: 'application/json',
      data: { total: 12 },
      dataversion: 1,
      sequence: '0000000000000007',
      correlationid: 'request-1',
      causationid: 'event-1',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      tenant: 'acme',
      replayid: 'replay-1',
    });
  });

  it('as a skip notice has the place in the history, and no data', () => {
    const notice = parsed(toMessageJson(anEntry({ sequence: 7 }), 'orders', { skipped: true }));

    expect(notice).toMatchObject({ skipped: true, sequence: '0000000000000007' });
    expect(notice).not.toHaveProperty('data');
    expect(isInvalidMessage(toMessage(notice))).toBe(false);
  });

  it('is without a trace that is malformed', () => {
    const entry = anEntry({ traceparent: 'x'.repeat(1000), tracestate: 'a=b' });

    expect(parsed(toMessageJson(entry, 'orders'))).not.toHaveProperty('traceparent');
    expect(parsed(toMessageJson(entry, 'orders'))).not.toHaveProperty('tracestate');
  });

  it('begins a correlation of its own where the entry belongs to none', () => {
    const entry = anEntry();

    expect(toMessageAttributes(entry, 'orders').correlationid).toBe(entry.id);
  });

  it('is a CloudEvents 1.0 event to the official library, in its strict mode', () => {
    fc.assert(
      fc.property(someEntry, fc.option(someText, { nil: undefined }), (entry, replayId) => {
        const marks = replayId === undefined ? {} : { replayId };
        const message = parsed(toMessageJson(entry, 'orders', marks));

        const event = new CloudEvent(message, true);

        expect(event.validate()).toBe(true);
        expect(event.toJSON()).toMatchObject(message);
      }),
    );
  });

  it('is still one where it tells that an entry was given up', () => {
    const skip = { ...toMessageAttributes(anEntry({ sequence: 7 }), 'orders'), skipped: true };

    expect(new CloudEvent(skip, true).validate()).toBe(true);
    expect(isInvalidMessage(toMessage(skip))).toBe(false);
  });

  it('would be refused by the official library were it malformed', () => {
    const message = parsed(toMessageJson(anEntry(), 'orders'));

    expect(() => new CloudEvent({ ...message, correlationId: 'x' }, true)).toThrow(
      /extension name/,
    );
    expect(() => new CloudEvent({ ...message, type: '' }, true)).toThrow();
  });

  it('carries the data as it was written, to the letter', () => {
    const data = '{ "b":1.0, "a":12345678901234567890, "z":"\\u00fc" }';

    expect(toMessageJson(anEntry({ data }), 'orders')).toContain(`"data":${data}}`);
  });

  it('holds only characters that queues and topics take, and reads back the same', () => {
    const someUnit = fc.constantFrom('\u0000', '\u001f', '"', '\\', 'ü', '😀', '\ufffe', '\uffff');
    const someOddText = fc.oneof(
      fc.string({ unit: someUnit }),
      fc.string({ unit: 'binary' }),
      fc.constant('\ud800'),
    );
    fc.assert(
      fc.property(someOddText, (text) => {
        const data = { [text]: [text] };
        const entry = anEntry({ data: JSON.stringify(data, null, '\t'), tenant: text });

        const json = toMessageJson(entry, 'orders');

        expect(json).toMatch(/^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]+$/u);
        expect(parsed(json)).toMatchObject({ data, tenant: text });
      }),
    );
  });

  it('reads back as what was sent', () => {
    fc.assert(
      fc.property(someEntry, (entry) => {
        const message = toMessage(JSON.parse(toMessageJson(entry, 'orders')));

        expect(message).toEqual({
          ...toMessageAttributes(entry, 'orders'),
          data: JSON.parse(entry.data) as unknown,
        });
        expect(sequenceOf(message as Message)).toBe(entry.sequence);
      }),
    );
  });
});

describe('something received', () => {
  const valid = parsed(toMessageJson(anEntry({ sequence: 7 }), 'orders'));
  const without = (name: string): Record<string, unknown> =>
    Object.fromEntries(Object.entries(valid).filter(([attribute]) => attribute !== name));

  it.each([null, undefined, 7, 'text', [], [valid]])('is no message: %j', (value) => {
    expect(toMessage(value)).toEqual({ problem: 'not a JSON object' });
  });

  it.each([{}, { detail: {} }, { ...valid, specversion: '0.3' }])(
    'is no message where it is no CloudEvents 1.0 event: %j',
    (value) => {
      expect(toMessage(value)).toEqual({ problem: 'not a CloudEvents 1.0 event' });
    },
  );

  it.each([
    { change: { id: '' }, wrong: 'id' },
    { change: { source: undefined }, wrong: 'source' },
    { change: { type: 7 }, wrong: 'type' },
    { change: { subject: null }, wrong: 'subject' },
    { change: { time: 0 }, wrong: 'time' },
    { change: { correlationid: '' }, wrong: 'correlationid' },
    { change: { tenant: 7 }, wrong: 'tenant' },
    { change: { dataversion: '1' }, wrong: 'dataversion' },
    { change: { sequence: 7 }, wrong: 'sequence' },
    { change: { sequence: '-7' }, wrong: 'sequence' },
    { change: { id: '', dataversion: 1.5 }, wrong: 'id, dataversion' },
    { change: { id: '1' }, wrong: 'id' },
    { change: { id: 'A0C5D7F0-0000-4000-8000-000000000000' }, wrong: 'id' },
    { change: { replayid: 'r'.repeat(257) }, wrong: 'replayid' },
    { change: { subject: 's'.repeat(1025) }, wrong: 'subject' },
    { change: { type: 't'.repeat(129) }, wrong: 'type' },
    { change: { source: 's'.repeat(257) }, wrong: 'source' },
    { change: { correlationid: 'c'.repeat(257) }, wrong: 'correlationid' },
    { change: { causationid: 'c'.repeat(900_000) }, wrong: 'causationid' },
    { change: { tenant: 't'.repeat(257) }, wrong: 'tenant' },
    ...[
      'next tuesday',
      '2026-11-21',
      '2026-11-21T04:37:30',
      '2026-02-30T04:37:30Z',
      '2026-13-01T04:37:30Z',
      '2026-11-21T25:00:00Z',
      `2026-11-21T04:37:30.${'0'.repeat(900_000)}Z`,
    ].map((time) => ({ change: { time }, wrong: 'time' })),
  ])('says what is wrong with it: $wrong', ({ change, wrong }) => {
    expect(toMessage({ ...valid, ...change })).toEqual({
      problem: `missing or malformed: ${wrong}`,
    });
  });

  it('is one up to the limits of its attributes', () => {
    const longest = {
      replayid: 'r'.repeat(256),
      subject: 's'.repeat(1024),
      type: 't'.repeat(128),
      source: 's'.repeat(256),
      correlationid: 'c'.repeat(256),
      causationid: 'c'.repeat(256),
      tenant: 't'.repeat(256),
    };

    expect(toMessage({ ...valid, ...longest })).toMatchObject(longest);
  });

  it.each([
    '2026-11-21T04:37:30Z',
    '2026-11-21T04:37:30.123456789+05:30',
    '2024-02-29T23:59:59-00:00',
    '2026-11-21t04:37:30z',
  ])('is one with the time %s', (time) => {
    expect(toMessage({ ...valid, time })).toMatchObject({ time });
  });

  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

  it.each([
    ['of the wrong form', { traceparent: 'x', tracestate: 'a=b' }, {}],
    ['of 900,000 characters', { traceparent: 'x'.repeat(900_000) }, {}],
    [
      'of a later version that is too long',
      { traceparent: `01${traceparent.slice(2)}-${'x'.repeat(900_000)}` },
      {},
    ],
    ['that is no text', { traceparent: 7 }, {}],
    ['whose state is too long', { traceparent, tracestate: 'x'.repeat(513) }, { traceparent }],
    [
      'whose state has 33 members',
      { traceparent, tracestate: Array(33).fill('a=b').join() },
      { traceparent },
    ],
    ['that is whole', { traceparent, tracestate: 'a=b' }, { traceparent, tracestate: 'a=b' }],
  ])('keeps of a trace what can be passed on: one %s', (_, given, kept) => {
    const { traceparent, tracestate, ...message } = toMessage({ ...valid, ...given }) as Message;

    expect({ traceparent, tracestate }).toEqual({ traceparent: undefined, ...kept });
    expect(message).toMatchObject({ id: valid['id'] });
  });

  it('needs data, which may be null, unless it says that an entry was given up', () => {
    const bare = without('data');

    expect(toMessage(bare)).toEqual({ problem: 'missing or malformed: data' });
    expect(toMessage({ ...bare, skipped: true })).toMatchObject({ skipped: true });
    expect(toMessage({ ...bare, data: null })).toMatchObject({ data: null });
  });

  it('is none of another producer whose id is unique to its source alone', () => {
    const fromShopA = toMessage({ ...valid, id: '1', source: 'shop-a' });

    expect(fromShopA).toEqual({ problem: 'missing or malformed: id' });
  });

  it.each(['causationid', 'replayid', 'sequence', 'tenant', 'traceparent'])(
    'is without %s where that is null',
    (name) => {
      const message = toMessage({ ...valid, [name]: null });

      expect(message).toMatchObject({ id: valid['id'] });
      expect(message).not.toHaveProperty(name);
    },
  );

  it.each(['problem', 'status', 'statusCode'])('may have an extension named %s', (name) => {
    expect(isInvalidMessage(toMessage({ ...valid, [name]: 'x' }))).toBe(false);
  });

  it('correlates with itself where it names nothing else', () => {
    const message = toMessage(without('correlationid'));

    expect(message).toMatchObject({ correlationid: valid['id'] });
  });

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.object()), (value) => {
        expect(isInvalidMessage(toMessage(value))).toBe(true);
      }),
    );
  });
});
