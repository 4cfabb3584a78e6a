import { describe, expect, it, vi } from 'vitest';

import type { EventContext } from '../../lib/table/entry.ts';
import {
  contextFromHeaders,
  contextOfWrite,
  currentContext,
  withContext,
} from '../../lib/events/context.ts';
import type { TraceSource } from '../../lib/events/trace.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the ambient context', () => {
  it('is empty where nobody set one', () => {
    expect(currentContext()).toEqual({});
  });

  it('reaches whatever is called within, after awaits too, and nothing outside', async () => {
    const inside = await withContext({ correlationId: 'c' }, async () => {
      await Promise.resolve();
      return currentContext();
    });

    expect(inside).toEqual({ correlationId: 'c' });
    expect(currentContext()).toEqual({});
  });

  it('is not mixed up between calls at the same time', async () => {
    const seen = await Promise.all(
      ['a', 'b'].map((tenant) =>
        withContext({ tenant }, async () => {
          await Promise.resolve();
          return currentContext().tenant;
        }),
      ),
    );

    expect(seen).toEqual(['a', 'b']);
  });

  it('takes the place of an outer one', () => {
    const inner = withContext({ tenant: 't', correlationId: 'c' }, () =>
      withContext({ correlationId: 'd' }, currentContext),
    );

    expect(inner).toEqual({ correlationId: 'd' });
  });
});

describe('the context of a write', () => {
  it('is what the caller gives, then what is ambient', () => {
    const context = withContext({ correlationId: 'ambient', tenant: 'ambient' }, () =>
      contextOfWrite({ correlationId: 'given', causationId: 'given' }),
    );

    expect(context).toEqual({ correlationId: 'given', causationId: 'given', tenant: 'ambient' });
  });

  it.each([
    [{ tenant: '' }, 'got 0 characters'],
    [{ correlationId: 7 as unknown as string }, 'got number'],
    [{ causationId: 'secret'.repeat(150_000) }, 'got 900000 characters'],
  ])('refuses what consumers would refuse, without quoting it: %#', (given, problem) => {
    const write = (): unknown => contextOfWrite(given);

    expect(write).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringContaining(problem) as string,
        details: { option: Object.keys(given)[0], limit: 256 },
      }),
    );
    expect(write).not.toThrow('secret');
  });

  it.each(['x', 'x'.repeat(900_000), 7 as unknown as string])(
    'leaves out a trace that is malformed: %#',
    (traceparent) => {
      expect(contextOfWrite({ traceparent, tracestate: 'a=b', tenant: 'acme' })).toEqual({
        tenant: 'acme',
      });
    },
  );
});

describe('the trace of a write', () => {
  const other = traceparent.replace('b7ad', 'ffff');

  it('is taken whole: the state of one trace never goes with another', () => {
    const write = (given: EventContext) =>
      withContext({ traceparent, tracestate: 'a=1' }, () => contextOfWrite(given));

    expect(write({})).toEqual({ traceparent, tracestate: 'a=1' });
    expect(write({ traceparent: other })).toEqual({ traceparent: other });
    expect(contextOfWrite({ tracestate: 'a=1' })).toEqual({});
  });

  it('is asked of a source, which knows what the context says; what is given goes before it', () => {
    const source = vi.fn<TraceSource>(() => ({ traceparent: other }));
    const write = (given: EventContext) =>
      withContext({ traceparent }, () => contextOfWrite(given, source));

    expect(write({})).toEqual({ traceparent: other });
    expect(source).toHaveBeenCalledWith({ traceparent });
    expect(write({ traceparent })).toEqual({ traceparent });
  });
});

describe('contextFromHeaders', () => {
  it('reads trace and correlation id, whatever the case of their names', () => {
    expect(contextFromHeaders({ TraceParent: traceparent, 'X-Correlation-ID': ' c-1 ' })).toEqual({
      traceparent,
      correlationId: 'c-1',
    });
  });

  it('reads the first of several values, and a Headers object', () => {
    expect(contextFromHeaders({ 'x-correlation-id': ['a', 'b'] })).toEqual({ correlationId: 'a' });
    expect(contextFromHeaders(new Headers({ 'x-correlation-id': 'a' }))).toEqual({
      correlationId: 'a',
    });
  });

  it.each([undefined, null, {}, { 'x-correlation-id': undefined }, { 'x-correlation-id': [] }])(
    'finds nothing in %o',
    (headers) => {
      expect(contextFromHeaders(headers)).toEqual({});
    },
  );

  it.each(['', '   ', 'x'.repeat(257)])('leaves out the correlation id %o', (value) => {
    expect(contextFromHeaders({ 'x-correlation-id': value })).toEqual({});
  });

  it('reads the state of a trace, and never one without its trace', () => {
    const tracestate = 'vendor=1,other=2';

    expect(contextFromHeaders({ traceparent, tracestate })).toEqual({ traceparent, tracestate });
    expect(contextFromHeaders({ traceparent: 'nonsense', tracestate })).toEqual({});
    expect(contextFromHeaders({ traceparent, tracestate: 'x'.repeat(513) })).toEqual({
      traceparent,
    });
  });

  it.each([
    '',
    'nonsense',
    traceparent.toUpperCase(),
    traceparent.replace('00-', 'ff-'),
    traceparent.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
    traceparent.replace('b7ad6b7169203331', '0'.repeat(16)),
    `${traceparent}-more`,
    `${traceparent}x`,
  ])('leaves out the traceparent %o', (value) => {
    expect(contextFromHeaders({ traceparent: value })).toEqual({});
  });

  it('takes a traceparent of a later version with more fields', () => {
    const later = `${traceparent.replace('00-', '01-')}-more`;

    expect(contextFromHeaders({ traceparent: later })).toEqual({ traceparent: later });
  });
});
