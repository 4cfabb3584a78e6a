import { context, propagation, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TraceState, W3CTraceContextPropagator } from '@opentelemetry/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { contextOfWrite, withContext } from '../../lib/events/context.ts';
import { outboxFrom } from '../../lib/outbox/settings.ts';
import { traceFrom } from '../../lib/events/trace.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const local = {
  traceId: '11111111111111111111111111111111',
  spanId: '2222222222222222',
  traceFlags: TraceFlags.SAMPLED,
};
const localParent = `00-${local.traceId}-${local.spanId}-01`;

function inSpan<T>(spanContext: typeof local & { traceState?: TraceState }, fn: () => T): T {
  return context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), fn);
}

/** What OpenTelemetry takes for the parent of a span that begins now. */
function parentOfNextSpan() {
  return trace.getSpanContext(context.active());
}

describe('with OpenTelemetry', () => {
  beforeEach(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  });
  afterEach(() => {
    context.disable();
    propagation.disable();
  });

  it('an event is written by the active span, not by what the context remembers', () => {
    const traceState = new TraceState('vendor=1');

    const written = withContext({ traceparent }, () =>
      inSpan({ ...local, traceState }, () => contextOfWrite()),
    );

    expect(written).toEqual({ traceparent: localParent, tracestate: 'vendor=1' });
  });

  it('without an active span, it is written by what the context remembers', () => {
    expect(withContext({ traceparent }, () => contextOfWrite())).toEqual({ traceparent });
    expect(contextOfWrite()).toEqual({});
  });

  it('spans that a handler begins are children of the one that wrote the message, with its state', () => {
    const parent = withContext({ traceparent, tracestate: 'vendor=1' }, parentOfNextSpan);

    expect(parent).toMatchObject({ traceId, spanId: 'b7ad6b7169203331', isRemote: true });
    expect(parent?.traceState?.serialize()).toBe('vendor=1');
  });

  it('an event that a handler emits outside of any span of its own carries the trace on as it came', () => {
    const message = { traceparent, tracestate: 'vendor=1' };

    expect(withContext(message, () => contextOfWrite())).toEqual(message);
  });

  it('a message goes before the span of the function that handles it, in every await', async () => {
    const parent = await inSpan(local, () =>
      withContext({ traceparent }, async () => {
        await Promise.resolve();
        return parentOfNextSpan();
      }),
    );

    expect(parent).toMatchObject({ traceId });
  });

  it('a span of the same trace stays the parent: it is closer', () => {
    const parent = inSpan({ ...local, traceId }, () =>
      withContext({ traceparent }, parentOfNextSpan),
    );

    expect(parent).toMatchObject({ traceId, spanId: local.spanId });
  });

  it('a context without a trace leaves the span alone', () => {
    expect(inSpan(local, () => withContext({ tenant: 't' }, parentOfNextSpan))).toMatchObject(
      local,
    );
  });
});

describe('with X-Ray', () => {
  const header = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
  const xray = '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01';

  it('an event is written in the trace of the invocation, each in its own', () => {
    const environment: Record<string, string | undefined> = {};
    const source = traceFrom(environment);

    expect(source(undefined)).toBeUndefined();
    environment['_X_AMZN_TRACE_ID'] = header;
    expect(source(undefined)).toEqual({ traceparent: xray });
    environment['_X_AMZN_TRACE_ID'] = header.replace('Sampled=1', 'Sampled=0;Lineage=a:b');
    expect(source(undefined)).toEqual({ traceparent: xray.replace(/01$/, '00') });
  });

  it('the trace of what is being handled goes on instead', () => {
    const source = traceFrom({ _X_AMZN_TRACE_ID: header });

    expect(source({ traceparent })).toEqual({ traceparent });
  });

  it.each(['', 'Root=1-5759e988-bd862e3fe1be46a994272793', 'nonsense', 'Root=;Parent=;Sampled=1'])(
    'a header that names no span says nothing: %o',
    (value) => {
      expect(traceFrom({ _X_AMZN_TRACE_ID: value })(undefined)).toBeUndefined();
    },
  );

  it('is looked for by the settings of an outbox', () => {
    const settings = outboxFrom({
      OUTBOX_TABLE: 'outbox',
      OUTBOX_SHARDS: '16',
      OUTBOX_RETENTION_MS: '1',
      OUTBOX_ACCEPTS: '[{"maxMessageBytes":1}]',
      _X_AMZN_TRACE_ID: header,
    });

    expect(settings.trace?.(undefined)).toEqual({ traceparent: xray });
  });
});
