import { AsyncLocalStorage } from 'node:async_hooks';

import { contextKeys, isContextText, type EventContext } from '../table/entry.ts';
import { checkRequiredArguments, OutboxError } from '../core/errors.ts';
import { ownLimits } from '../core/limits.ts';
import { pickDefined } from '../core/collections.ts';
import { usableTrace } from '../table/message.ts';
import { withinTrace, traceOfContext, traceOfSpan, type TraceSource } from './trace.ts';

const ambient = new AsyncLocalStorage<EventContext>();

/**
 * Runs `fn` with a context that every event written meanwhile carries, however deep and whenever it
 * awaits. It takes the place of an outer one; spread {@link currentContext} to add to that.
 *
 * Where OpenTelemetry is set up, spans that begin meanwhile belong to the context's trace.
 */
export function withContext<T>(context: EventContext, fn: () => T): T {
  checkRequiredArguments('withContext({ correlationId }, () => …)', { context, fn });
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
  return {
    ...usableTrace(header('traceparent'), header('tracestate')),
    ...(isContextText(correlationId) ? { correlationId } : {}),
  };
}

/**
 * The context of a write: what the caller gives, then what {@link withContext} set. Its trace is one of
 * them whole, or that of the span that writes.
 *
 * A trace that is malformed is left out, as the trace context specification asks.
 *
 * @throws OutboxError `OPTION_INVALID` for an id or a tenant that is not a text of 1 to 256 characters: consumers refuse
 * the message
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
  const wrong = idKeys.find((name) => context[name] !== undefined && !isContextText(context[name]));
  if (wrong === undefined) return context;
  const value: unknown = context[wrong];
  const got = typeof value === 'string' ? `${value.length} characters` : typeof value;
  throw new OutboxError(
    'OPTION_INVALID',
    `${wrong} of the context must be a string of 1 to ${ownLimits.maxContextChars} characters, got ${got}: ` +
      'leave it out if there is none',
    { details: { option: wrong, limit: ownLimits.maxContextChars } },
  );
}

const idKeys = ['correlationId', 'causationId', 'tenant'] as const;

function headerOf(headers: RequestHeaders, name: string): string | undefined {
  const all = Symbol.iterator in headers ? [...headers] : Object.entries(headers);
  const [, value] = all.find(([header]) => header.toLowerCase() === name) ?? [];
  const first = typeof value === 'object' ? value[0] : value;
  return first?.trim();
}
