import { reconciliationLeaseKey } from '../../contract/reconciliation.ts';
import { errorFields } from '../inbox/log.ts';
import { commitAlone } from '../transaction/transaction.ts';
import type { SingleAction } from '../transaction/transactor.ts';
import type { MendPorts, ReconciliationPorts } from './options.ts';

/** How long a run lasts at most, where nothing tells: as long as a Lambda function may. */
const longestRunMs = 15 * 60_000;
const keptMs = 24 * 60 * 60_000;

/**
 * Lets one run of a reconciliation mend at a time: two would write a missing event twice, and schedules may come
 * twice. A run that finds another one at it works without `mend`, and so does one that is not to mend.
 *
 * @throws OutboxError `TRANSACTION_CONFLICT` where the table throttles
 */
export async function mendAlone<T>(
  { settings, mend, clock, log }: ReconciliationPorts,
  timeLeftMs: number,
  work: (mend: MendPorts | undefined) => Promise<T>,
): Promise<T> {
  if (mend === undefined) return work(undefined);
  const holder = mend.newId(clock.now());
  const key = reconciliationLeaseKey(settings.name);
  const lease = (until: number): SingleAction => ({
    Put: {
      TableName: settings.tableName,
      Item: { ...key, holder, until, expiresAt: Math.ceil((clock.now() + keptMs) / 1000) },
      ConditionExpression: [free, ended, ours].join(' OR '),
      ExpressionAttributeNames: { '#until': 'until', '#holder': 'holder' },
      ExpressionAttributeValues: { ':now': clock.now(), ':holder': holder },
    },
  });
  const until = clock.now() + Math.min(timeLeftMs, longestRunMs);
  const taken = await commitAlone(mend.transactor, lease(until), mend);
  if (taken.status !== 'committed') {
    log.warn('another run of this reconciliation mends: this one only reports', {
      reconciliation: settings.name,
    });
    return work(undefined);
  }
  try {
    return await work(mend);
  } finally {
    await commitAlone(mend.transactor, lease(0), mend).catch((error: unknown) => {
      // It ends by itself.
      log.warn('the lease of this reconciliation was not given back', errorFields(error));
    });
  }
}

const free = 'attribute_not_exists(pk)';
const ended = '#until < :now';
/** Also where the answer to the first try was lost. */
const ours = '#holder = :holder';
