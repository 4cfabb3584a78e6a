import { SQSClient } from '@aws-sdk/client-sqs';

import { inParallel } from '../../core/concurrency.ts';
import type { OrderedConfig } from '../../core/environment.ts';
import { OutboxError } from '../../core/errors.ts';
import { inboxDimensions, inboxGauges } from '../../core/metrics.ts';
import type { Log } from '../../core/ports.ts';
import { systemClock } from '../../core/system.ts';
import { clientTimeouts, createDocumentClient } from '../../dynamodb/client.ts';
import { createDynamoDBTransactor } from '../../dynamodb/transactor.ts';
import type { InboxSettings } from '../../outbox/settings.ts';
import type { Cursor, Gap, Place } from '../../table/ordered.ts';
import { addDimensions, errorFields } from '../log.ts';
import { adopted, beyondHole } from './cursor.ts';
import { ageOf, pagesOfGaps, readLowest, type GapPorts } from './gaps.ts';
import { changeCursor, readCursor, readRangeWith } from './history.ts';
import { putBackNext, putBackOn, type PutBackPorts } from './put-back.ts';

/** Where gauges go. A Powertools `Metrics` fits; its owner publishes the metrics. */
export interface GaugeSink {
  addDimension(name: string, value: string): unknown;
  addMetric(name: string, unit: 'Count' | 'Milliseconds', value: number): unknown;
}

/**
 * The check of an inbox's gaps, with clients of its own. Each run measures, zero included.
 *
 * @throws OutboxError `OPTION_INVALID` for an inbox that is not ordered; from the run, `GAPS_UNCHECKED` where gaps
 * could not be looked at, once all others were
 */
export function openGapCheck(
  settings: InboxSettings,
  { log, metrics }: { log: Log; metrics: GaugeSink },
): () => Promise<GapReport> {
  const ports = openPorts(settings, log);
  return async () => {
    const report = await checkGaps(ports);
    addDimensions(metrics, inboxDimensions(settings));
    metrics.addMetric(inboxGauges.openGaps, 'Count', report.open);
    metrics.addMetric(inboxGauges.oldestGap, 'Milliseconds', report.oldestMs);
    if (report.failed > 0) throw unchecked(settings, report);
    return report;
  };
}

function openPorts(settings: InboxSettings, log: Log): CheckPorts {
  const ordered = orderedOf(settings);
  const client = createDocumentClient();
  return {
    config: settings,
    ordered,
    transactor: createDynamoDBTransactor(client),
    readRange: readRangeWith(client),
    // By default the client calls the host in the queue's URL, which would bypass a local endpoint.
    putBack: putBackOn(
      ordered.queueUrl,
      new SQSClient({ requestHandler: clientTimeouts, useQueueUrlAsEndpoint: false }),
    ),
    clock: systemClock,
    random: Math.random,
    log,
  };
}

function orderedOf({ name, ordered }: InboxSettings): OrderedConfig {
  if (ordered !== undefined) return ordered;
  throw new OutboxError(
    'OPTION_INVALID',
    `inbox ${name} is not ordered and has no gaps: set ordered on the Inbox construct`,
    { details: { inbox: name } },
  );
}

function unchecked({ name }: InboxSettings, { failed }: GapReport): OutboxError {
  return new OutboxError(
    'GAPS_UNCHECKED',
    `${failed} gaps of inbox ${name} could not be looked at: its log says why, the next run tries again`,
    { details: { inbox: name, failed } },
  );
}

/** What checking gaps takes. */
export interface CheckPorts extends GapPorts, PutBackPorts {
  readonly ordered: OrderedConfig;
  readonly log: Log;
}

/** What a check found. */
interface GapReport {
  /** Aggregates of which messages wait; no more are counted than there is time to look at. */
  readonly open: number;
  /** How long the one that stands still for longest has done so, in milliseconds; 0 where none does. */
  readonly oldestMs: number;
  /** Gaps that could not be looked at. */
  readonly failed: number;
}

const checkDefaults = {
  /** Gaps that are read at once in each of 8 partitions. */
  gapsPerPartition: 100,
  /** When a run looks at no more gaps: those open for longest were looked at. */
  maxRunMs: 40_000,
  /** How long a cursor is left to the worker that moved it. */
  idleMs: 30_000,
  /** How long a message that was put back is the queue's affair. It may have lost it, or somebody deleted it there. */
  putBackAgainMs: 24 * 60 * 60_000,
} as const;

const lookedAtOnce = 10;

/**
 * Looks at the gaps of an ordered inbox, and does what time asks for: an aggregate that begins in the middle begins
 * when earlier events were waited for long enough; a replay goes on without what did not come of it, with a warning; a
 * message that a worker should have put back on the queue before it died is put back.
 *
 * Reads one row for each gap, and only the list where there is none. Never scans.
 */
export async function checkGaps(ports: CheckPorts): Promise<GapReport> {
  const until = ports.clock.now() + checkDefaults.maxRunMs;
  const checks: Checked[] = [];
  for await (const gaps of pagesOfGaps(checkDefaults.gapsPerPartition, ports)) {
    checks.push(...(await inParallel(gaps, lookedAtOnce, (gap) => tryToCheck(gap, ports))));
    if (ports.clock.now() >= until) break;
  }
  const open = checks.filter(({ status }) => status !== 'closed');
  return {
    open: open.length,
    oldestMs: open.reduce((oldest, { ageMs }) => Math.max(oldest, ageMs), 0),
    failed: open.filter(({ status }) => status === 'failed').length,
  };
}

interface Checked {
  readonly status: 'open' | 'closed' | 'failed';
  readonly ageMs: number;
}

const closed: Checked = { status: 'closed', ageMs: 0 };

/** One gap that cannot be looked at keeps no other from it, and is as old as the list says. */
async function tryToCheck(gap: Gap, ports: CheckPorts): Promise<Checked> {
  try {
    return await checkGap(gap, ports);
  } catch (error) {
    ports.log.error('gap not checked', { aggregate: gap.aggregate, ...errorFields(error) });
    return { status: 'failed', ageMs: ports.clock.now() - gap.since };
  }
}

async function checkGap(gap: Gap, ports: CheckPorts): Promise<Checked> {
  const place = { inbox: ports.config.name, aggregate: gap.aggregate };
  const found = await readCursor(place, ports);
  // The list may be a moment behind.
  if (found.gap !== gap.key.sk) return closed;
  const cursor = await moveOn(place, found, ports);
  if (isLeft(cursor, ports.clock.now())) await putBackNext(place, cursor, ports);
  if (cursor.gap === undefined) return closed;
  return { status: 'open', ageMs: await ageOf(gap, cursor, ports) };
}

/** Moves a cursor where it is time to; who overtakes the check knows better. */
async function moveOn(place: Place, cursor: Cursor, ports: CheckPorts): Promise<Cursor> {
  const move = await dueMove(place, cursor, ports);
  if (move === undefined) return cursor;
  const { after } = move;
  const result = await changeCursor({ place, before: cursor, after }, ports);
  if (result === 'overtaken') return cursor;
  const range = { from: (cursor.sequence ?? 0) + 1, to: after.sequence };
  ports.log[move.level](move.text, { ...place, ...range, replayId: cursor.replay?.id });
  return after;
}

/** A cursor as it is to be by now, and how that is told. */
interface DueMove {
  readonly after: Cursor;
  readonly level: 'info' | 'warn';
  readonly text: string;
}

/** `undefined` where the cursor stays. */
async function dueMove(
  place: Place,
  cursor: Cursor,
  ports: CheckPorts,
): Promise<DueMove | undefined> {
  const now = ports.clock.now();
  const { adoptAt = Infinity, first } = cursor;
  if (first !== undefined && now >= adoptAt) {
    return { after: adopted(cursor, first, now), level: 'info', text: 'aggregate begins' };
  }
  if (!isGivenUp(cursor, ports)) return undefined;
  const sequence = await endOfHole(place, cursor, ports);
  if (sequence === undefined) return undefined;
  const after = beyondHole(cursor, sequence, now);
  return { after, level: 'warn', text: 'replay goes on without what did not come of it' };
}

/** Whether the next message of a replay was waited for long enough: where others did not come, it is not so long. */
function isGivenUp({ movedAt = 0, replay }: Cursor, { ordered, clock }: CheckPorts): boolean {
  const { adoptWaitMs, replayWaitMs } = ordered;
  return clock.now() - movedAt >= (replay?.hasHoles === true ? adoptWaitMs : replayWaitMs);
}

/** The last sequence that did not come of a replay: before what did come, or up to where the cursor had been before. */
async function endOfHole(
  place: Place,
  { sequence = Infinity, replay: { reached = 0 } = { id: '' } }: Cursor,
  ports: CheckPorts,
): Promise<number | undefined> {
  if (sequence >= reached) return undefined;
  const lowest = await readLowest(place, sequence, ports);
  const end = Math.min((lowest?.sequence ?? Infinity) - 1, reached);
  return end > sequence ? end : undefined;
}

/** Whether the next sequence may wait while no worker handles it. */
function isLeft(cursor: Cursor, now: number): boolean {
  const { sequence = Infinity, early = 0 } = cursor;
  const next = sequence + 1;
  return next <= early && !isInQueue(next, cursor, now) && !isAtWork(cursor, now);
}

/** What was put back long ago is not in the queue any more. */
function isInQueue(next: number, { putBack, putBackAt = 0 }: Cursor, now: number): boolean {
  return putBack === next && now - putBackAt < checkDefaults.putBackAgainMs;
}

/** False if an operator or a timeout moved the cursor. */
function isAtWork({ eventId, movedAt = 0 }: Cursor, now: number): boolean {
  return eventId !== undefined && now - movedAt < checkDefaults.idleMs;
}
