import { Stack } from 'aws-cdk-lib';
import type { IEventBusRef } from 'aws-cdk-lib/aws-events';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';

import type { DestinationConfig } from '../../core/environment.ts';
import { limits } from '../../core/limits.ts';
import { definedOnly } from '../shared/check.ts';
import { grantSend } from '../shared/queue.ts';

/** How a destination takes part in its outbox. */
export interface DestinationOptions {
  /**
   * Its name in its outbox: in the waiting room, in logs and in commands. Must be unique there.
   *
   * Entries that wait refer to it, so renaming one leaves them waiting for a name that is gone.
   *
   * @default - the kind and the construct's path below its stack, such as `queue/Warehouse/Queue`
   */
  readonly name?: string;

  /**
   * Which events it takes: exact types, or a prefix and `*`.
   *
   * @default - every event
   */
  readonly events?: readonly string[];
}

/** Bytes that go with a message in a call, at most: time, source and type on a bus, attributes elsewhere. */
const envelopeBytes = { bus: 512, queue: 256, topic: 1536 } as const;

/** Where an outbox delivers its events: an event bus, a queue or a topic. */
export class Destination {
  /**
   * Delivers to a bus with rules and targets ("Custom Event Bus – Classic").
   *
   * A bus keeps no order. An event that no rule matches is dropped by the bus, silently.
   */
  static eventBus(bus: IEventBusRef, options: DestinationOptions = {}): Destination {
    checkTarget('eventBus', bus, "new EventBus(this, 'Bus')");
    const { eventBusArn } = bus.eventBusRef;
    return new Destination(bus, {
      ...options,
      kind: 'bus',
      target: eventBusArn,
      ordered: false,
      maxMessageBytes: limits.eventBus.maxRequestBytes - envelopeBytes.bus,
      // The bus itself uses its key; who puts events needs no right to it.
      grantPublish: (grantee, source) =>
        Grant.addToPrincipal({
          grantee,
          actions: ['events:PutEvents'],
          resourceArns: [eventBusArn],
          // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
          ...(source === undefined
            ? {}
            : { conditions: { StringEquals: { 'events:source': source } } }),
        }),
    });
  }

  /**
   * Delivers to a queue.
   *
   * A FIFO queue gets each aggregate's events in a group of their own, in sequence as far as the stream
   * brings them so: it keeps order within a minute's events of an aggregate, and normally beyond. Who
   * must rely on it checks the sequence in the message.
   */
  static queue(queue: IQueue, options: DestinationOptions = {}): Destination {
    checkTarget('queue', queue, "new Queue(this, 'Queue')");
    return new Destination(queue, {
      ...options,
      kind: 'queue',
      target: queue.queueUrl,
      ordered: queue.fifo,
      maxMessageBytes: limits.queue.maxRequestBytes - envelopeBytes.queue,
      grantPublish: (grantee) => grantSend(queue, grantee),
    });
  }

  /**
   * Delivers to a topic.
   *
   * A FIFO topic gets each aggregate's events in a group of their own, in sequence as a FIFO queue does;
   * see {@link queue}.
   */
  static topic(topic: ITopic, options: DestinationOptions = {}): Destination {
    checkTarget('topic', topic, "new Topic(this, 'Topic')");
    return new Destination(topic, {
      ...options,
      kind: 'topic',
      target: topic.topicArn,
      ordered: topic.fifo,
      maxMessageBytes: limits.topic.maxRequestBytes - envelopeBytes.topic,
      grantPublish: (grantee) => {
        topic.masterKey?.grant(grantee, 'kms:Decrypt', 'kms:GenerateDataKey');
        return Grant.addToPrincipal({
          grantee,
          actions: ['sns:Publish'],
          resourceArns: [topic.topicArn],
        });
      },
    });
  }

  /** What the relay must know of it. */
  readonly config: DestinationConfig;
  /** Bytes that a message to it may have. */
  readonly maxMessageBytes: number;
  readonly #grantPublish: DestinationTraits['grantPublish'];

  private constructor(resource: IConstruct, { grantPublish, ...kind }: DestinationTraits) {
    const {
      name = `${kind.kind}/${constructName(resource)}`,
      maxMessageBytes,
      events,
      ...config
    } = kind;
    this.config = definedOnly({ name, types: events, ...config });
    this.maxMessageBytes = maxMessageBytes;
    this.#grantPublish = grantPublish;
  }

  /**
   * Lets a role publish to it, and do nothing else.
   *
   * With a `source`, a bus takes events of that source only from it. Queues and topics know no source.
   */
  grantPublish(grantee: IGrantable, { source }: { readonly source?: string } = {}): Grant {
    return this.#grantPublish(grantee, source);
  }
}

/** What differs between the kinds of destination. */
interface DestinationTraits extends Omit<DestinationConfig, 'name'>, DestinationOptions {
  readonly maxMessageBytes: number;
  readonly grantPublish: (grantee: IGrantable, source: string | undefined) => Grant;
}

/** Fails where plain JavaScript gives none: there is no construct yet to name. */
function checkTarget(kind: 'eventBus' | 'queue' | 'topic', target: unknown, example: string): void {
  if (target !== undefined && target !== null) return;
  throw new Error(
    `Destination.${kind} needs a construct to deliver to, got ${target}: give one such as ${example}`,
  );
}

/** A construct's path below its stack: stable until it is moved or renamed, and the same in every stage. */
function constructName(construct: IConstruct): string {
  return construct.node.path.slice(Stack.of(construct).node.path.length + 1);
}
