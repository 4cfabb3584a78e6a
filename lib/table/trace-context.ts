import { ownLimits } from '../core/limits.ts';

/** A place in a distributed trace. https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  readonly traceparent: string;
  /** Of the same trace; it means nothing without its `traceparent`. */
  readonly tracestate?: string;
}

/**
 * Whether a value is a `traceparent`. A later version than 00 may have more fields, up to 256 characters in all;
 * version ff and ids of zeros are forbidden. https://www.w3.org/TR/trace-context/#traceparent-header-field-values
 */
export function isTraceparent(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > ownLimits.maxTraceparentChars) return false;
  const [, version, rest] =
    /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]*)?$/.exec(
      value,
    ) ?? [];
  return version !== undefined && (version !== '00' || rest === undefined);
}

const maxMembers = 32;

/** Whether a value can be passed on as `tracestate`. https://www.w3.org/TR/trace-context/#tracestate-limits */
function isTracestate(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > ownLimits.maxTracestateChars) return false;
  return /^[\x20-\x7e]+$/.test(value) && value.split(',').length <= maxMembers;
}

/**
 * A trace that comes from outside, as far as it can be passed on: a malformed `traceparent` is dropped and its state
 * with it, as the trace context specification asks.
 */
export function usableTrace(traceparent: unknown, tracestate: unknown): TraceContext | undefined {
  if (!isTraceparent(traceparent)) return undefined;
  return { traceparent, ...(isTracestate(tracestate) ? { tracestate } : {}) };
}
