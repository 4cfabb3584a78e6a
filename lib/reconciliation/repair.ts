import { SendMessageCommand, type SendMessageCommandInput } from '@aws-sdk/client-sqs';

import { inParallel } from '../core/concurrency.ts';
import { OutboxError } from '../core/errors.ts';
import type { SingleAction } from '../dynamodb/actions.ts';
import { commitAlone } from '../dynamodb/transaction.ts';
import { errorFields } from '../inbox/log.ts';
import type { Entry, Row } from '../table/entry.ts';
import { messageToken } from '../core/system.ts';
import { toMessageJson } from '../table/message.ts';
import {
  maxLookbackMs,
  reconciliationLeaseKey,
  repairCause,
  type ConsumerConfig,
} from '../table/reconciliation.ts';
import type { Missing } from './expectations.ts';
import type { RepairPorts, ReconciliationPorts } from './options.ts';
import { toMissing, toUnknown, type MissingEvent, type UnknownDelivery } from './report.ts';
import type { Unknown } from './unknown-to.ts';
import { deliveryGraceMs, type ReconciliationWindow } from './window.ts';

/** What repairing all that was found takes. */
export interface RepairAllPorts {
  readonly run: Run;
  /** The reconciliation, and the outbox's table. */
  readonly settings: { readonly name: string; readonly tableName: string };
  /** Whether the time is nearly up. */
  readonly isLate: () => boolean;
}

const atOnce = 10;

/** Whether the next finding may be repaired: there is time, and no other run has taken over. Says so where one is left. */
async function mayGoOn({ run, isLate }: RepairAllPorts): Promise<boolean> {
  await run.keepAlive();
  const isLeft = isLate() || run.isLost();
  if (isLeft) run.leaveRest();
  return !isLeft;
}

/** Writes what is missing as long as there is time. Says of each whether it was written. */
export async function repairMissing(
  all: readonly Missing[],
  ports: RepairAllPorts,
): Promise<MissingEvent[]> {
  const { repair, window } = ports.run;
  return inParallel(all, atOnce, async (missing) => {
    const isTried = repair !== undefined && (await mayGoOn(ports));
    const writtenAs = isTried
      ? await writeMissing(missing, window, { ...ports.settings, repair })
      : undefined;
    if (isTried && writtenAs === undefined) ports.run.leaveRest();
    return toMissing(missing.event, writtenAs);
  });
}

/** Sends what is unknown to its inbox again, as long as there is time. Says of each whether it was sent. */
export async function repairUnknown(
  unknown: readonly Unknown[],
  ports: RepairAllPorts,
): Promise<UnknownDelivery[]> {
  const { repair } = ports.run;
  return inParallel(unknown, atOnce, async ({ entry, consumer }) => {
    const isTried = repair !== undefined && (await mayGoOn(ports));
    const isSent = isTried && (await sendAgain(entry, consumer, repair));
    if (isTried && !isSent) ports.run.leaveRest();
    return toUnknown(entry, consumer.inbox, isSent);
  });
}

/** How long it is known that an event was written: longer than any window goes back. */
const repairKeptMs = 5 * 24 * 60 * 60_000;

/**
 * Those that no run has written yet, for an item of this window.
 *
 * @throws OutboxError `TABLE_THROTTLED`
 */
export async function withoutRepaired(
  missing: readonly Missing[],
  window: ReconciliationWindow,
  { settings, reader }: Pick<ReconciliationPorts, 'settings' | 'reader'>,
): Promise<Missing[]> {
  const keys = missing.map((one) => one.repairKey);
  const rows = await reader.readRows(settings.tableName, keys);
  const repaired = new Set(rows.filter((row) => speaksOf(row, window)).map(({ sk }) => sk));
  return missing.filter((one) => !repaired.has(one.repairKey.sk));
}

/** Whether a row may speak of an item of a window: one of an earlier window is of another item. */
function speaksOf(row: Row, { since }: ReconciliationWindow): boolean {
  return Number(row['to']) > since;
}

/**
 * Writes a missing event, in one transaction with the row that says so: of two runs that find the same, one writes it.
 * Returns the id of the event that was written for it, by this run or another; `undefined` where that failed, and the log says
 * why.
 */
async function writeMissing(
  { event, repairKey }: Missing,
  { since: from, until: to }: ReconciliationWindow,
  { repair, name, tableName }: { repair: RepairPorts; name: string; tableName: string },
): Promise<string | undefined> {
  const { outbox, log, clock } = repair;
  const { type, aggregate, id } = event;
  const repaired = {
    Put: {
      TableName: tableName,
      Item: {
        ...{ ...repairKey, eventId: id, to },
        expiresAt: Math.ceil((clock.now() + repairKeptMs) / 1000),
      },
      // One of an earlier window speaks of another item.
      ConditionExpression: 'attribute_not_exists(pk) OR #to <= :from',
      ExpressionAttributeNames: { '#to': 'to' },
      ExpressionAttributeValues: { ':from': from },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    },
  };
  try {
    const context = { causationId: repairCause(name) };
    await outbox.write({ items: [repaired], events: [event], context });
    return id;
  } catch (error) {
    if (OutboxError.is(error, 'CONDITION_FAILED')) {
      const { item } = error.details as { item?: Row };
      return item === undefined ? undefined : String(item['eventId']);
    }
    log.error('missing event could not be written', {
      ...{ type, aggregate, eventId: id },
      ...errorFields(error),
    });
    return undefined;
  }
}

/**
 * Sends an event again, to one inbox alone. It is the message that was delivered before: should it have arrived
 * meanwhile, the inbox has it once. Returns whether that went well; the log says why not.
 */
async function sendAgain(
  entry: Entry,
  { inbox, queueUrl }: ConsumerConfig,
  { sqs, source, log }: RepairPorts,
): Promise<boolean> {
  try {
    await sqs.send(new SendMessageCommand(toRequest(entry, { queueUrl, source })));
    return true;
  } catch (error) {
    log.error('event could not be sent to its inbox again', {
      ...{ inbox, eventId: entry.id, type: entry.type },
      ...errorFields(error),
    });
    return false;
  }
}

function toRequest(
  entry: Entry,
  { queueUrl, source }: { queueUrl: string; source: string },
): SendMessageCommandInput {
  const message = { QueueUrl: queueUrl, MessageBody: toMessageJson(entry, source) };
  if (!queueUrl.endsWith('.fifo')) return message;
  return {
    ...message,
    MessageGroupId: messageToken(entry.aggregate),
    MessageDeduplicationId: entry.id,
  };
}

/** How long a run that died keeps others from repairing: shorter than Lambda's pause before it tries again. */
const leaseMs = 60_000;
const renewAfterMs = 15_000;
const keptMs = 5 * 24 * 60 * 60_000;

/** A run of a reconciliation. */
interface Run {
  /** `undefined` where it only reports. */
  readonly repair: RepairPorts | undefined;
  readonly window: ReconciliationWindow;
  /** Renews the lease from time to time. */
  readonly keepAlive: () => Promise<void>;
  /** Whether another run has taken the lease: then this one repairs no more. */
  readonly isLost: () => boolean;
  /** Says that something is left to repair: the next scheduled run begins no later than this one. */
  readonly leaveRest: () => void;
}

/**
 * Lets one run of a reconciliation repair at a time, since schedules may come twice. A run that finds another one at it
 * works without `repair`, and so does one that is not to repair. The lease saves work; that no event is written twice is
 * the affair of the row that is written with it.
 *
 * Each scheduled run notes where the next one has to begin at the latest: where its own window ends, or where it begins as
 * long as something is left. So nothing is skipped where runs die, fail, or never start, as far back as entries are surely
 * kept.
 *
 * @throws OutboxError `TRANSACTION_CONFLICT` where the table throttles
 */
export async function repairAlone<T>(
  ports: ReconciliationPorts,
  { window, isScheduled }: { window: ReconciliationWindow; isScheduled: boolean },
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const { settings, repair, clock, log, reader } = ports;
  const alone = {
    window,
    keepAlive: () => Promise.resolve(),
    isLost: () => false,
    leaveRest: () => undefined,
  };
  if (repair === undefined) return work({ ...alone, repair: undefined });
  const { transactor } = repair;
  const holder = repair.newId(clock.now());
  const key = reconciliationLeaseKey(settings.name);
  const [row] = await reader.readRows(settings.tableName, [key]);
  const from = beginningOf(window, { isScheduled, left: leftOf(row), now: clock.now() });
  const left = isScheduled ? from : leftOf(row);
  const lease = (until: number, leaves = left): SingleAction => ({
    Put: {
      TableName: settings.tableName,
      Item: {
        ...{ ...key, holder, until, expiresAt: Math.ceil((clock.now() + keptMs) / 1000) },
        ...(leaves === undefined ? {} : { leftFrom: leaves }),
      },
      ConditionExpression: [free, ended, ours].join(' OR '),
      ExpressionAttributeNames: { '#until': 'until', '#holder': 'holder' },
      ExpressionAttributeValues: { ':now': clock.now(), ':holder': holder },
    },
  });
  const renew = async (): Promise<boolean> => {
    const result = await commitAlone(transactor, lease(clock.now() + leaseMs), repair);
    return result.status === 'committed';
  };
  if (!(await renew())) {
    log.warn('another run of this reconciliation repairs: this one only reports', {
      reconciliation: settings.name,
    });
    return work({ ...alone, repair: undefined });
  }
  let renewedAt = clock.now();
  let [isLost, isRestLeft, isDone] = [false, false, false];
  const keepAlive = async (): Promise<void> => {
    if (isLost || clock.now() - renewedAt < renewAfterMs) return;
    renewedAt = clock.now();
    isLost = !(await renew());
  };
  try {
    const result = await work({
      ...{ repair, keepAlive, window: { ...window, since: from } },
      isLost: () => isLost,
      leaveRest: () => {
        isRestLeft = true;
      },
    });
    isDone = isScheduled && !isRestLeft;
    return result;
  } finally {
    const last = isDone ? lease(0, window.until - deliveryGraceMs) : lease(0);
    await commitAlone(transactor, last, repair).catch((error: unknown) => {
      // It ends by itself.
      log.warn('the lease of this reconciliation was not given back', errorFields(error));
    });
  }
}

function beginningOf(
  { since }: ReconciliationWindow,
  { isScheduled, left, now }: { isScheduled: boolean; left: number | undefined; now: number },
): number {
  if (!isScheduled || left === undefined) return since;
  return Math.min(since, Math.max(left, now - maxLookbackMs));
}

/** Where the first window begins of which something is left; `undefined` before the first run. */
function leftOf(row: Row | undefined): number | undefined {
  const left = Number(row?.['leftFrom'] ?? NaN);
  return Number.isNaN(left) ? undefined : left;
}

const free = 'attribute_not_exists(pk)';
const ended = '#until < :now';
/** Also where the answer to the first try was lost. */
const ours = '#holder = :holder';
