import type { Row } from './entry.ts';
import { metaKey, padSequence } from './keys.ts';
import { pickDefined } from '../core/pick.ts';

/**
 * Why a sweep or one of its passes stopped.
 *
 * - `done`: there was nothing left to do.
 * - `out of time`: the next one goes on from there.
 * - `outage`: nothing could be delivered at all.
 * - `failed`: something threw; the log says what.
 */
export type SweepEnd = 'done' | 'out of time' | 'outage' | 'failed';

/** What one run of the sweeper did. */
export interface SweepReport {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Waiting entries that it attempted. */
  readonly due: number;
  /** Entries that it settled for want of a receipt, two minutes and a day after their time. */
  readonly missed: number;
  readonly closing: number;
  /** Pages that it looked at. */
  readonly pages: number;
  /**
   * Age of the oldest page that may hold unsettled entries, or how long an entry has been tried, where that is
   * two hours or more; the longer of the two, in milliseconds. 0 where all is well.
   */
  readonly unsettledMs: number;
  /** Entries that need a person. */
  readonly parked: number;
  readonly ended: SweepEnd;
}

const prefix = 'sweep#';
const reportKeptMs = 7 * 24 * 60 * 60 * 1000;

/** Where all reports are: under `pk`, from one sort key to another, oldest first. */
export function sweepKeys(): { pk: string; from: string; to: string } {
  const { pk, sk } = metaKey(prefix);
  return { pk, from: sk, to: `${prefix}~` };
}

/** The outbox table's row of a report. It expires after a week. */
export function sweepToRow(report: SweepReport): Row {
  const { id, ...rest } = report;
  return {
    ...metaKey(`${prefix}${padSequence(report.startedAt)}#${id}`),
    ...rest,
    id,
    expiresAt: Math.ceil((report.endedAt + reportKeptMs) / 1000),
  };
}

export function rowToSweep(row: Row): SweepReport {
  return pickDefined(row as unknown as SweepReport, [
    'id',
    'startedAt',
    'endedAt',
    'due',
    'missed',
    'closing',
    'pages',
    'unsettledMs',
    'parked',
    'ended',
  ]);
}
