import type { Session } from '../../../lib/cli/session.ts';
import type { DestinationConfig } from '../../../lib/core/environment.ts';
import type { SweepReport } from '../../../lib/table/sweep-notes.ts';
import { createVirtualClock } from '../../../lib/testing/virtual-clock.ts';
import { retentionMs, someTime } from '../../support/entries.ts';
import { bus } from './account.ts';
import { fakeClients, type Services } from './clients.ts';

export const tableName = 'Shop-Outbox';
export const tableArn = `arn:aws:dynamodb:eu-west-1:1:table/${tableName}`;
export const streamArn = `${tableArn}/stream/2026-11-21T04:00:00.000`;

export interface SessionOptions {
  readonly services?: Services;
  readonly destinations?: readonly DestinationConfig[];
  /** Functions that are not to be seen. */
  readonly without?: readonly ('relay' | 'sweeper')[];
  /** The sweeper's last report. @default - it has never run */
  readonly lastSweep?: SweepReport;
}

/** A session of an outbox in an account that is all stubs, as far as the doctor looks. */
export function aSession({
  services = {},
  destinations = [bus],
  without = [],
  lastSweep,
}: SessionOptions = {}): Session {
  const config = {
    tableName,
    shards: 4,
    retentionMs,
    source: 'orders',
    destinations,
    maxAttempts: 5,
  };
  const session: Partial<Session> = {
    place: {
      name: 'Shop/Outbox',
      tableName,
      config,
      ...(without.includes('relay') ? {} : { relay: 'Relay' }),
      ...(without.includes('sweeper') ? {} : { sweeper: 'Sweeper' }),
    },
    clients: fakeClients(services),
    clock: createVirtualClock(someTime),
    store: {
      readSweeps: () => Promise.resolve(lastSweep === undefined ? [] : [lastSweep]),
    } as unknown as Session['store'],
    retentionMs,
  };
  return session as Session;
}
