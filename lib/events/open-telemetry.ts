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
export function activeSpan(): SpanContext | undefined {
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
