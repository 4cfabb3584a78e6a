import { OutboxError } from '../core/errors.ts';
import { maxWindowMs } from '../table/reconciliation.ts';

/** A stretch of time, in epoch milliseconds; `until` is not part of it. */
export interface ReconciliationWindow {
  readonly since: number;
  readonly until: number;
}

/** What a person who invokes a reconciliation by hand may ask for. Times are ISO 8601. */
export interface ReconciliationRequest {
  /**
   * At most 2 days ago: of older events the outbox may have lost the entries.
   *
   * @default - the construct's `window` before `until`, or 2 days ago where that is later
   */
  readonly since?: string;
  /** @default - now */
  readonly until?: string;
}

/** Whether a run was asked for a window by hand: what a schedule sends asks for nothing. */
export function isAskedFor(request: unknown): boolean {
  const { since, until } = (request ?? {}) as Record<keyof ReconciliationRequest, unknown>;
  return since !== undefined || until !== undefined;
}

/**
 * The window that a run looks at: what was asked for, else all up to now.
 *
 * @param request what the function was invoked with; what a schedule sends asks for nothing
 * @throws OutboxError `OPTION_INVALID`
 */
export function windowOf(
  request: unknown,
  { windowMs, now }: { windowMs: number; now: number },
): ReconciliationWindow {
  const { since, until } = (request ?? {}) as Record<keyof ReconciliationRequest, unknown>;
  const end = until === undefined ? now : timeOf('until', until);
  const earliest = now - maxWindowMs;
  const start = since === undefined ? Math.max(end - windowMs, earliest) : timeOf('since', since);
  if (end > now) throw invalid('until', until, 'must not lie in the future');
  if (start >= end) throw invalid('since', since, `must lie before until, ${isoOf(end)}`);
  if (start < earliest) throw invalid('since', since, `must not lie before ${isoOf(earliest)}`);
  return { since: start, until: end };
}

function timeOf(name: string, value: unknown): number {
  const time = typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(time)) throw invalid(name, value, 'must be an ISO 8601 time');
  return time;
}

function isoOf(time: number): string {
  return new Date(time).toISOString();
}

function invalid(option: string, value: unknown, problem: string): OutboxError {
  return new OutboxError(
    'OPTION_INVALID',
    `${option} of a reconciliation ${problem}, got ${JSON.stringify(value)}: ` +
      'invoke it with {"since": "2026-11-20T08:00:00Z", "until": "2026-11-20T09:00:00Z"}, or with nothing',
    { details: { option } },
  );
}

/** How long a delivered event may be under way to its inbox. */
export const deliveryGraceMs = 15 * 60_000;
