import { AsyncLocalStorage } from 'node:async_hooks';

import { contextKeys, type EventContext } from '../contract/entry.ts';
import { OutboxError } from '../contract/error.ts';
import { ownLimits } from '../contract/limits.ts';
import { pickDefined } from '../contract/pick.ts';

const ambient = new AsyncLocalStorage<EventContext>();

/**
 * Runs `fn` with a context that every event written meanwhile carries, however deep and whenever it
 * awaits. It takes the place of an outer one; spread {@link currentContext} to add to that.
 */
export function withContext<T>(context: EventContext, fn: () => T): T {
  return ambient.run(pickDefined(context, contextKeys), fn);
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
 * The context that a request brings: `traceparent`, and the correlation id in `x-correlation-id`.
 *
 * Headers are the caller's word: a malformed `traceparent`, or a correlation id that is empty or longer
 * than 256 characters, is left out, as the trace context specification asks.
 */
export function contextFromHeaders(headers: RequestHeaders | null | undefined): EventContext {
  const traceparent = headerOf(headers ?? {}, 'traceparent') ?? '';
  const correlationId = headerOf(headers ?? {}, 'x-correlation-id') ?? '';
  const isIdUsable = correlationId !== '' && correlationId.length <= ownLimits.maxHeaderChars;
  return {
    ...(isTraceparent(traceparent) ? { traceparent } : {}),
    ...(isIdUsable ? { correlationId } : {}),
  };
}

/**
 * The context of a write: what the caller gives, then what {@link withContext} set.
 *
 * @throws OutboxError `OPTION_INVALID` where a value is no text or empty: consumers would refuse the message
 */
export function contextOfWrite(given: EventContext = {}): EventContext {
  const context = pickDefined<EventContext, (typeof contextKeys)[number]>(
    { ...currentContext(), ...pickDefined(given, contextKeys) },
    contextKeys,
  );
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

/**
 * A later version than 00 may have more fields, version ff and ids of zeros are forbidden.
 * https://www.w3.org/TR/trace-context/#traceparent-header-field-values
 */
function isTraceparent(value: string): boolean {
  const [, version, rest] =
    /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/.exec(
      value,
    ) ?? [];
  return version !== undefined && (version !== '00' || rest === undefined);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
