import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { EventBus, Match, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Destination, Inbox, Outbox, type OutboxProps } from 'cdk-outbox';
import { Construct } from 'constructs';

import { ServiceFunction } from '../../../examples/shared/service-function.ts';
import { functionsContext } from '../../../lib/constructs/shared/package-function.ts';

/**
 * Outboxes to get into trouble, whose consumers are queues that tests read. Alarms are left out; sweepers
 * run when a test says so.
 */
export class OperatedStack extends Stack {
  constructor(scope: Construct, id: string, { faultyFunctions }: { faultyFunctions: string }) {
    super(scope, id);
    const bus = new EventBus(this, 'Bus');
    const audience = this.queue('Audience');
    new Rule(this, 'All', {
      eventBus: bus,
      eventPattern: { source: Match.anythingBut('nobody') },
      targets: [new SqsQueue(audience)],
    });
    this.inbox(bus);
    const faulty = new Construct(this, 'Faulty');
    faulty.node.setContext(functionsContext, faultyFunctions);

    this.outbox(this, 'TwoWays', {
      destinations: [
        Destination.eventBus(bus),
        Destination.queue(this.queue('Partner'), { name: 'partner' }),
      ],
    });
    this.outbox(this, 'InOrder', {
      destination: Destination.queue(this.queue('Line', { fifo: true })),
    });
    this.outbox(faulty, 'Faulty', { destination: Destination.queue(this.queue('Patient')) });
    this.outbox(faulty, 'Archived', {
      destination: Destination.queue(this.queue('Reader')),
      archive: {},
    });
    for (const schedule of this.node.findAll().filter((node) => node instanceof CfnSchedule)) {
      schedule.state = 'DISABLED';
    }
  }

  private inbox(from: EventBus): void {
    const handler = new ServiceFunction(this, 'Handler', {
      entry: '../test/e2e/operated/handler.ts',
      environment: {},
    });
    const inbox = new Inbox(this, 'Inbox', {
      inboxName: 'parcels',
      from,
      events: ['parcel.*'],
      handler,
      alarms: false,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new CfnOutput(this, 'UndeliveredUrl', { value: inbox.undeliveredQueue?.queueUrl ?? '' });
  }

  private queue(id: string, props: { fifo?: true } = {}): Queue {
    const queue = new Queue(this, id, props);
    new CfnOutput(this, `${id}Url`, { value: queue.queueUrl });
    return queue;
  }

  private outbox(scope: Construct, id: string, props: Partial<OutboxProps>): void {
    const outbox = new Outbox(scope, id, {
      source: id,
      shardCount: 2,
      retention: Duration.days(3),
      alarms: false,
      removalPolicy: RemovalPolicy.DESTROY,
      ...props,
    });
    const facts = {
      writer: outbox.writerEnvironment,
      relay: outbox.relay.functionName,
      sweeper: outbox.sweeper.functionName,
      archiver: outbox.archiver?.functionName ?? '',
      onFailureQueue: outbox.relayOnFailureQueue.queueName,
    };
    new CfnOutput(this, `${id}Outbox`, { value: this.toJsonString(facts) });
  }
}
