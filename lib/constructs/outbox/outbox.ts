import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';

import {
  metricNamespace,
  archiveGauges,
  outboxDimensions,
  outboxGauges,
} from '../../core/metrics.ts';
import { ArchiveAlarms } from '../archive/alarms.ts';
import { createArchive, type Archive } from '../archive/archive.ts';
import { adoptOutboxTable, createOutboxTable } from '../shared/tables.ts';
import { claim, withDefaults, checkRequiredProps } from '../shared/check.ts';
import type { Destination } from './destination.ts';
import { grantOperation, configureWriter, writerEnvironment, writerRows } from './grants.ts';
import { OutboxAlarms } from './alarms.ts';
import { checkDestinations, checkOutbox } from './check.ts';
import { outboxDefaults, type OutboxProps } from './props.ts';
import { Relay, Sweeper } from './relay.ts';
import { metricDepth } from '../shared/queue.ts';
import { grantLook, grantRows } from '../shared/table-grants.ts';

/** An outbox as other constructs see it. */
export interface IOutbox extends IConstruct {
  /** Holds the entries, their receipts and the waiting room. */
  readonly table: ITable;
  /** The source of its messages. */
  readonly source: string;

  /**
   * Lets a role write events and cancel deferred ones, and tells a function of the outbox by its environment.
   *
   * It cannot write receipts, the record of what operators did, or the notes of relay and sweeper.
   *
   * A function can write to one outbox. A writer that is no function of this app, such as a
   * container, gets its environment from {@link Outbox.writerEnvironment}.
   */
  grantWrite(grantee: IGrantable): Grant;

  /** Lets a role look at entries, receipts, the waiting room and the archive: read only, payloads included. */
  grantRead(grantee: IGrantable): Grant;

  /**
   * Lets the person on call do what the commands `redrive`, `discard`, `replay` and `sweep` do: read and
   * change entries, receipts and the waiting room, run the sweeper, and publish to the destinations.
   *
   * Who is granted this can also write events past the service, and overwrite the record of what was done: IAM cannot
   * tell a new row from an old one. Deleting from the record is refused. Looking for the outbox in the account
   * needs rights that are none of the outbox's: `docs/iam.md` lists the actions of each command.
   */
  grantOperate(grantee: IGrantable): Grant;
}

/**
 * The outbox of a service: a table that holds its events, a relay that delivers them, and a sweeper
 * that delivers what the relay did not.
 *
 * Business items and events go into one DynamoDB transaction, so an event exists if and only if its
 * transaction committed. The table's stream invokes the relay, which delivers each event to every
 * destination at least once; every minute the sweeper looks for what has no receipt, and tries again
 * what waits. An event is delivered, or waits where alarms and the command `outbox` show it, as long
 * as the sweeper runs at least once within `retention`.
 *
 * Changing the construct's id, or moving it, replaces the table. The old one is kept, but what it
 * holds is no longer delivered.
 */
export class Outbox extends Construct implements IOutbox {
  readonly table: ITable;
  readonly source: string;
  /** Partition keys that each minute's entries are spread over. */
  readonly shards: number;
  /** Where it delivers to. */
  readonly destinations: readonly Destination[];
  /** The function that delivers as soon as an event is written. */
  readonly relay: Function;
  /** The on-failure destination of the relay's event source mapping. The entries of a discarded batch are in the table. */
  readonly relayOnFailureQueue: IQueue;
  /** The function that delivers what the relay did not, and what is due in the waiting room, every minute. */
  readonly sweeper: Function;
  /** The environment variables that a writer needs. {@link grantWrite} sets them on functions. */
  readonly writerEnvironment: Readonly<Record<string, string>>;
  /** The function that copies pages to S3, every hour; `undefined` where the outbox is not archived. */
  readonly archiver: Function | undefined;
  /** The bucket that it copies them to. */
  readonly archiveBucket: IBucket | undefined;
  readonly #archive: Archive | undefined;

  constructor(scope: Construct, id: string, props: OutboxProps) {
    super(scope, id);
    checkRequiredProps(this, props, { source: "give the name of the service, such as 'orders'" });
    const settings = withDefaults(props, outboxDefaults);
    checkOutbox(this, settings);
    const destinations = checkDestinations(this, settings);

    this.source = settings.source;
    this.shards = settings.shardCount;
    this.destinations = destinations;
    this.table =
      settings.table === undefined
        ? createOutboxTable(this, settings)
        : adoptOutboxTable(this, settings.table);
    claim(this.table, {
      name: 'outbox',
      owner: this,
      reason: 'two outboxes would deliver its entries twice',
    });
    this.writerEnvironment = writerEnvironment(this, {
      tableName: this.table.tableName,
      settings,
      destinations,
    });
    this.#archive = createArchive(this, { table: this.table, settings });
    this.archiver = this.#archive?.function;
    this.archiveBucket = this.#archive?.bucket;
    const archive = this.#archive?.location;
    const parts = { table: this.table, destinations, settings, archive };
    const relay = new Relay(this, 'Relay', parts);
    this.relay = relay.function;
    this.relayOnFailureQueue = relay.onFailureQueue;
    this.sweeper = new Sweeper(this, 'Sweeper', parts).function;
    if (settings.alarms) {
      new OutboxAlarms(this, 'Alarms', { outbox: this, topic: settings.alarmTopic });
    }
    if (settings.alarms && this.archiver !== undefined) {
      const { archiver } = this;
      const { retention, alarmTopic: topic } = settings;
      new ArchiveAlarms(this, 'ArchiveAlarms', { outbox: this, archiver, retention, topic });
    }
  }

  grantWrite(grantee: IGrantable): Grant {
    configureWriter(grantee, { outbox: this, environment: this.writerEnvironment });
    return grantRows(this.table, grantee, writerRows);
  }

  grantRead(grantee: IGrantable): Grant {
    const look = grantLook(this.table, grantee);
    return this.#archive === undefined ? look : look.combine(this.#archive.grantRead(grantee));
  }

  grantOperate(grantee: IGrantable): Grant {
    const operation = grantOperation(grantee, this);
    return this.#archive === undefined
      ? operation
      : operation.combine(this.#archive.grantRead(grantee));
  }

  /**
   * Entries that wait for a person: the highest of 5 minutes. The sweeper counts them on each run.
   */
  metricParkedEntries(props: MetricOptions = {}): Metric {
    return this.gauge(outboxGauges.parked, props);
  }

  /**
   * Age of the oldest page that may hold unsettled entries, or how long an entry has been tried, where that is
   * two hours or more, in milliseconds: the highest of 5 minutes.
   *
   * 0 where all is well.
   */
  metricOldestUnsettledAge(props: MetricOptions = {}): Metric {
    return this.gauge(outboxGauges.oldestUnsettled, props);
  }

  /** Runs of the sweeper in 5 minutes. */
  metricSweeperInvocations(props: MetricOptions = {}): Metric {
    return this.sweeper.metricInvocations(props);
  }

  /** Runs of the sweeper that failed in 5 minutes. */
  metricSweeperErrors(props: MetricOptions = {}): Metric {
    return this.sweeper.metricErrors(props);
  }

  /**
   * How far the relay is behind the stream, in milliseconds: the highest of 5 minutes.
   *
   * Silent while nothing is written.
   */
  metricRelayIteratorAge(props: MetricOptions = {}): Metric {
    return this.relay.metric('IteratorAge', { statistic: 'Maximum', ...props });
  }

  /** Discarded batches of the relay that are still in the on-failure queue: the highest of 5 minutes. */
  metricRelayFailedBatches(props: MetricOptions = {}): Metric {
    return metricDepth(this.relayOnFailureQueue, props);
  }

  /**
   * Age of the first page that is not archived, in milliseconds: the highest of 5 minutes. A little more than a
   * day where all is well; the archiver measures it every hour.
   */
  metricUnarchivedAge(props: MetricOptions = {}): Metric {
    return this.gauge(archiveGauges.unarchived, props);
  }

  private gauge(metricName: string, props: MetricOptions): Metric {
    return new Metric({
      namespace: metricNamespace,
      metricName,
      dimensionsMap: {
        ...outboxDimensions({ source: this.source, tableName: this.table.tableName }),
      },
      statistic: 'Maximum',
      ...props,
    }).attachTo(this);
  }
}
