import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';

import { adoptOutboxTable } from './adopted-table.ts';
import { claim } from './claim.ts';
import { withDefaults } from './defaults.ts';
import { checkDestinations, checkOutbox } from './outbox-check.ts';
import { outboxDefaults, type OutboxProps } from './outbox-props.ts';
import { createOutboxTable } from './tables.ts';
import { Relay } from './relay.ts';
import { grantItems, grantLook } from './table-grants.ts';
import { configureWriter, writerActions, writerEnvironment } from './writer.ts';

/** An outbox as other constructs see it. */
export interface IOutbox extends IConstruct {
  /** Holds the entries, their receipts and the waiting room. */
  readonly table: ITable;
  /** The source of its messages. */
  readonly source: string;

  /**
   * Lets a role write events, and tells a function of the outbox by its environment.
   *
   * A function can write to one outbox. A writer that is no function of this app, such as a
   * container, gets its environment from {@link Outbox.writerEnvironment}.
   */
  grantWrite(grantee: IGrantable): Grant;

  /** Lets a role look at entries, receipts and the waiting room: read only, payloads included. */
  grantRead(grantee: IGrantable): Grant;
}

/**
 * The outbox of a service: a table that holds its events, and a relay that delivers them.
 *
 * Business items and events go into one DynamoDB transaction, so an event exists if and only if its
 * transaction committed. The table's stream invokes the relay, which delivers each event to every
 * destination at least once.
 *
 * Changing the construct's id, or moving it, replaces the table. The old one is kept, but what it
 * holds is no longer delivered.
 */
export class Outbox extends Construct implements IOutbox {
  readonly table: ITable;
  readonly source: string;
  /** The function that delivers. */
  readonly relay: Function;
  /** Tells of batches that the relay's trigger gave up. Their entries are in the table. */
  readonly relayOnFailureQueue: IQueue;
  /** The environment variables that a writer needs. {@link grantWrite} sets them on functions. */
  readonly writerEnvironment: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: OutboxProps) {
    super(scope, id);
    const settings = withDefaults(props, outboxDefaults);
    checkOutbox(this, settings);
    const destinations = checkDestinations(this, settings);

    this.source = settings.source;
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
    const relay = new Relay(this, 'Relay', { table: this.table, destinations, settings });
    this.relay = relay.function;
    this.relayOnFailureQueue = relay.onFailureQueue;
  }

  grantWrite(grantee: IGrantable): Grant {
    configureWriter(grantee, { outbox: this, environment: this.writerEnvironment });
    return grantItems(this.table, grantee, writerActions);
  }

  grantRead(grantee: IGrantable): Grant {
    return grantLook(this.table, grantee);
  }

  /**
   * How far the relay is behind the stream, in milliseconds: the highest of 5 minutes.
   *
   * Silent while nothing is written.
   */
  metricRelayLag(props: MetricOptions = {}): Metric {
    return this.relay.metric('IteratorAge', { statistic: 'Maximum', ...props });
  }

  /** Batches that the relay's trigger gave up and nobody has looked at: the highest of 5 minutes. */
  metricRelayGivenUp(props: MetricOptions = {}): Metric {
    return this.relayOnFailureQueue.metricApproximateNumberOfMessagesVisible({
      statistic: 'Maximum',
      ...props,
    });
  }
}
