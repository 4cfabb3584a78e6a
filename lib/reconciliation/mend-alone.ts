import type { Row } from '../table/entry.ts';
import { maxLookbackMs, reconciliationLeaseKey } from '../table/reconciliation.ts';
import { errorFields } from '../inbox/log.ts';
import { commitAlone } from '../dynamodb/transaction.ts';
import type { SingleAction } from '../dynamodb/transactor.ts';
import { graceMs, type ReconciliationWindow } from './window.ts';
import type { MendPorts, ReconciliationPorts } from './options.ts';

/** How long a run that died keeps others from mending: shorter than Lambda's pause before it tries again. */
const leaseMs = 60_000;
const renewAfterMs = 15_000;
const keptMs = 5 * 24 * 60 * 60_000;

/** A run of a reconciliation. */
export interface Run {
  /** `undefined` where it only reports. */
  readonly mend: MendPorts | undefined;
  readonly window: ReconciliationWindow;
  /** Renews the lease from time to time. */
  readonly keepAlive: () => Promise<void>;
  /** Whether another run has taken the lease: then this one mends no more. */
  readonly isLost: () => boolean;
  /** Says that something is left to mend: the next scheduled run begins no later than this one. */
  readonly leaveRest: () => void;
}

/**
 * Lets one run of a reconciliation mend at a time, since schedules may come twice. A run that finds another one at it
 * works without `mend`, and so does one that is not to mend. The lease saves work; that no event is written twice is
 * the affair of the row that is written with it.
 *
 * Each scheduled run notes where the next one has to begin at the latest: where its own window ends, or where it begins as
 * long as something is left. So nothing is skipped where runs die, fail, or never start, as far back as entries are surely
 * kept.
 *
 * @throws OutboxError `TRANSACTION_CONFLICT` where the table throttles
 */
export async function mendAlone<T>(
  ports: ReconciliationPorts,
  { window, isScheduled }: { window: ReconciliationWindow; isScheduled: boolean },
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const { settings, mend, clock, log, reader } = ports;
  const alone = {
    window,
    keepAlive: () => Promise.resolve(),
    isLost: () => false,
    leaveRest: () => undefined,
  };
  if (mend === undefined) return work({ ...alone, mend: undefined });
  const { transactor } = mend;
  const holder = mend.newId(clock.now());
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
    const result = await commitAlone(transactor, lease(clock.now() + leaseMs), mend);
    return result.status === 'committed';
  };
  if (!(await renew())) {
    log.warn('another run of this reconciliation mends: this one only reports', {
      reconciliation: settings.name,
    });
    return work({ ...alone, mend: undefined });
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
      ...{ mend, keepAlive, window: { ...window, from } },
      isLost: () => isLost,
      leaveRest: () => {
        isRestLeft = true;
      },
    });
    isDone = isScheduled && !isRestLeft;
    return result;
  } finally {
    const last = isDone ? lease(0, window.to - graceMs) : lease(0);
    await commitAlone(transactor, last, mend).catch((error: unknown) => {
      // It ends by itself.
      log.warn('the lease of this reconciliation was not given back', errorFields(error));
    });
  }
}

function beginningOf(
  { from }: ReconciliationWindow,
  { isScheduled, left, now }: { isScheduled: boolean; left: number | undefined; now: number },
): number {
  if (!isScheduled || left === undefined) return from;
  return Math.min(from, Math.max(left, now - maxLookbackMs));
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
