import type { EventContext } from '../contract/entry.ts';
import { pickDefined } from '../contract/pick.ts';
import { activeSpan } from './open-telemetry.ts';

/** A place in a distributed trace. https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  readonly traceparent: string;
  /** Of the same trace; it means nothing without its `traceparent`. */
  readonly tracestate?: string;
}

/**
 * Says which span writes an event.
 *
 * @param context what the context of the write says of its trace
 */
export type TraceSource = (context: TraceContext | undefined) => TraceContext | undefined;

/** The active span of OpenTelemetry, where that is set up: it is the one that writes. Else what the context says. */
export const traceOfSpan: TraceSource = (context) => toTrace(activeSpan()) ?? context;

/**
 * The same, then X-Ray's trace of the invocation, which Lambda puts into its environment. It comes last: the
 * trace of a request or a message that is being handled goes on, whatever traces the function itself.
 *
 * @param environment `process.env`: it is read anew for each write
 */
export function traceFrom(environment: Readonly<Record<string, string | undefined>>): TraceSource {
  return (context) => traceOfSpan(context) ?? traceOfXRay(environment['_X_AMZN_TRACE_ID']);
}

/** What a context says of its trace: both parts, or none. */
export function traceOfContext(context: EventContext): TraceContext | undefined {
  const { traceparent } = context;
  if (traceparent === undefined) return undefined;
  return { traceparent, ...pickDefined(context, ['tracestate']) };
}

/**
 * Whether a value is a `traceparent`. A later version than 00 may have more fields; version ff and ids of zeros
 * are forbidden. https://www.w3.org/TR/trace-context/#traceparent-header-field-values
 */
export function isTraceparent(value: string): boolean {
  const [, version, rest] =
    /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/.exec(
      value,
    ) ?? [];
  return version !== undefined && (version !== '00' || rest === undefined);
}

/** The id of the whole trace: 32 hexadecimal digits. */
export function traceIdOf(traceparent: string): string | undefined {
  return isTraceparent(traceparent) ? traceparent.slice(3, 35) : undefined;
}

const maxStateChars = 512;

/** Whether a value can be passed on as `tracestate`. https://www.w3.org/TR/trace-context/#tracestate-limits */
export function isTracestate(value: string): boolean {
  return value.length <= maxStateChars && /^[\x20-\x7e]+$/.test(value);
}

/**
 * A trace that comes from outside, as far as it can be passed on: a malformed `traceparent` is dropped and its state
 * with it, as the trace context specification asks.
 */
export function usableTrace(traceparent = '', tracestate = ''): TraceContext | undefined {
  if (!isTraceparent(traceparent)) return undefined;
  return { traceparent, ...(isTracestate(tracestate) ? { tracestate } : {}) };
}

function toTrace(span: ReturnType<typeof activeSpan>): TraceContext | undefined {
  if (span === undefined) return undefined;
  const flags = (span.traceFlags & 0xff).toString(16).padStart(2, '0');
  const traceparent = `00-${span.traceId}-${span.spanId}-${flags}`;
  return usableTrace(traceparent, span.traceState?.serialize());
}

/** https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader */
function traceOfXRay(header = ''): TraceContext | undefined {
  const {
    Root = '',
    Parent = '',
    Sampled,
  } = Object.fromEntries(header.split(';').map((part) => part.split('='))) as Record<
    string,
    string | undefined
  >;
  const traceId = Root.replace(/^1-/, '').replace('-', '');
  const traceparent = `00-${traceId}-${Parent}-${Sampled === '1' ? '01' : '00'}`;
  return usableTrace(traceparent);
}
