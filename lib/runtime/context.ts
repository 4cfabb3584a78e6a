import { AsyncLocalStorage } from 'node:async_hooks';

import { contextKeys, type EventContext } from '../contract/entry.ts';
import { OutboxError } from '../contract/error.ts';
import { ownLimits } from '../contract/limits.ts';
import { pickDefined } from '../contract/pick.ts';
import { withinTrace } from './open-telemetry.ts';
import { traceOfContext, traceOfSpan, usableTrace, type TraceSource } from './trace.ts';

const ambient = new AsyncLocalStorage<EventContext>();

/**
 * Runs `fn` with a context that every event written meanwhile carries, however deep and whenever it
 * awaits. It takes the place of an outer one; spread {@link currentContext} to add to that.
 *
 * Where OpenTelemetry is set up, spans that begin meanwhile belong to the context's trace.
 */
export function withContext<T>(context: EventContext, fn: () => T): T {
  const { traceparent, tracestate } = context;
  return ambient.run(pickDefined(context, contextKeys), () =>
    withinTrace({ traceparent, tracestate }, fn),
  );
}

/** The context set by {@link withContext}; empty where there is none. */
export function currentContext(): EventContext {
  return ambient.getStore() ?? {};
}

/** Headers of a request, by names in any case: of API Gateway, of Node, or a `Headers`. */
export type RequestHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [name: string, value: string]>;

/**
 * The context that a request brings: `traceparent` with its `tracestate`, and the correlation id in
 * `x-correlation-id`.
 *
 * Headers are the caller's word: a malformed `traceparent`, or a correlation id that is empty or longer
 * than 256 characters, is left out, as the trace context specification asks.
 */
export function contextFromHeaders(headers: RequestHeaders | null | undefined): EventContext {
  const header = (name: string): string | undefined => headerOf(headers ?? {}, name);
  const correlationId = header('x-correlation-id') ?? '';
  const isIdUsable = correlationId !== '' && correlationId.length <= ownLimits.maxContextChars;
  return {
    ...usableTrace(header('traceparent'), header('tracestate')),
    ...(isIdUsable ? { correlationId } : {}),
  };
}

/**
 * The context of a write: what the caller gives, then what {@link withContext} set. Its trace is one of
 * them whole, or that of the span that writes.
 *
 * @throws OutboxError `OPTION_INVALID` where a value is no text or empty: consumers would refuse the message
 */
export function contextOfWrite(
  given: EventContext = {},
  traceSource: TraceSource = traceOfSpan,
): EventContext {
  const merged = { ...currentContext(), ...pickDefined(given, contextKeys) };
  const context: EventContext = {
    ...pickDefined(merged, ['correlationId', 'causationId', 'tenant']),
    ...(traceOfContext(given) ?? traceSource(traceOfContext(currentContext()))),
  };
  const wrong = contextKeys.find((name) => !isText(context[name] ?? 'absent'));
  if (wrong === undefined) return context;
  throw new OutboxError(
    'OPTION_INVALID',
    `${wrong} of the context must be a string that is not empty, got ${JSON.stringify(context[wrong])}: leave it out where there is none`,
    { facts: { option: wrong } },
  );
}

function headerOf(headers: RequestHeaders, name: string): string | undefined {
  const all = Symbol.iterator in headers ? [...headers] : Object.entries(headers);
  const [, value] = all.find(([header]) => header.toLowerCase() === name) ?? [];
  const first = typeof value === 'object' ? value[0] : value;
  return first?.trim();
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
