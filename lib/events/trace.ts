import type { EventContext } from '../table/entry.ts';
import { isTraceparent, usableTrace, type TraceContext } from '../table/message.ts';

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
 * trace of a request or a message that is being handled has precedence over that of the function.
 *
 * @param environment `process.env`: it is read anew for each write
 */
export function traceFrom(environment: Readonly<Record<string, string | undefined>>): TraceSource {
  return (context) => traceOfSpan(context) ?? traceOfXRay(environment['_X_AMZN_TRACE_ID']);
}

/** What a context says of its trace, as far as it can be passed on. */
export function traceOfContext(context: EventContext): TraceContext | undefined {
  return usableTrace(context.traceparent, context.tracestate);
}

/** The id of the whole trace: 32 hexadecimal digits. */
export function traceIdOf(traceparent: string): string | undefined {
  return isTraceparent(traceparent) ? traceparent.slice(3, 35) : undefined;
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
  return usableTrace(traceparent, undefined);
}

/**
 * OpenTelemetry's API, as it registers itself in a process: the same for all copies of it, so that nothing needs
 * to depend on one. https://github.com/open-telemetry/opentelemetry-js/blob/main/api/src/internal/global-utils.ts
 */
interface OpenTelemetry {
  readonly context?: ContextManager;
  readonly propagation?: Propagator;
}

interface Context {
  getValue(key: symbol): unknown;
}

interface ContextManager {
  active(): Context;
  with<T>(context: Context, fn: () => T): T;
}

interface Propagator {
  extract(context: Context, carrier: Carrier, getter: Getter): Context;
}

type Carrier = Readonly<Record<string, string | undefined>>;

interface Getter {
  keys(carrier: Carrier): string[];
  get(carrier: Carrier, key: string): string | undefined;
}

/** What a span says of itself. */
export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState?: { serialize(): string };
}

const apiKey = Symbol.for('opentelemetry.js.api.1');
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN');

/** The active span; `undefined` where there is none, or OpenTelemetry is not set up. */
function activeSpan(): SpanContext | undefined {
  const span = registered().context?.active().getValue(spanKey);
  return (span as { spanContext(): SpanContext } | undefined)?.spanContext();
}

/**
 * Runs `fn` within a trace that came from elsewhere: spans that it begins are children of the remote one.
 *
 * Nothing changes where OpenTelemetry is not set up, and where its active span is of the same trace: that one is
 * closer.
 */
export function withinTrace<T>(carrier: Carrier, fn: () => T): T {
  const { context, propagation } = registered();
  const { traceparent = '' } = carrier;
  const traceId = traceparent.slice(3, 35);
  if (context === undefined || propagation === undefined) return fn();
  if (traceId === '' || activeSpan()?.traceId === traceId) return fn();
  return context.with(propagation.extract(context.active(), carrier, getter), fn);
}

const getter: Getter = {
  keys: (carrier) => Object.keys(carrier),
  get: (carrier, key) => carrier[key],
};

function registered(): OpenTelemetry {
  return (globalThis as { [apiKey]?: OpenTelemetry })[apiKey] ?? {};
}
