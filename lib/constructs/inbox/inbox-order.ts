import { Annotations, Duration, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

import type { OrderedConfig } from '../../core/environment.ts';
import { checkDuration, fail } from '../shared/check.ts';
import { definedOnly, withDefaults } from '../shared/defaults.ts';
import { isBus } from './inbox-origin.ts';
import { visibilitySeconds, type InboxQueue } from './inbox-queue.ts';
import { definitionOf } from '../shared/queue-definition.ts';
import { orderedDefaults, type InboxSettings, type OrderedProps } from './props.ts';

/** What the functions of an ordered inbox must know; `undefined` where it is not ordered. */
export function orderedConfig(
  settings: InboxSettings,
  waiting: InboxQueue,
): OrderedConfig | undefined {
  const { ordered } = settings;
  if (ordered === false) return undefined;
  const { adoptWait, adoptUntil } = withDefaults(propsOf(ordered), orderedDefaults);
  return {
    queueUrl: waiting.queue.queueUrl,
    adoptWaitMs: adoptWait.toMilliseconds(),
    replayPatienceMs: timeInHand(settings, waiting).toMilliseconds(),
    ...definedOnly({ adoptUntil: adoptUntil?.getTime() }),
  };
}

/** How long a message that fails each time is in the queue's hands, before it is in the dead-letter queue or forgotten. */
function timeInHand(settings: InboxSettings, { queue, ...waiting }: InboxQueue): Duration {
  const hidden = definitionOf(queue)?.visibilitySeconds ?? visibilitySeconds(settings);
  const { maxReceiveCount = settings.maxReceiveCount, retention } = waiting;
  return Duration.seconds(Math.min(hidden * maxReceiveCount, retention.toSeconds()));
}

/** Fails on settings under which an ordered inbox would wait for events that never reach it. */
export function checkOrdered(scope: IConstruct, settings: InboxSettings): void {
  const { ordered, events = [], from, source } = settings;
  if (ordered === false) return;
  if (isBus(from) && source === undefined) {
    Annotations.of(scope).addWarningV2(
      'cdk-outbox:orderedSource',
      'the ordered inbox takes events of every source on the bus: everyone who may put events there can replay and skip events of its aggregates. Set source, and limit events:PutEvents of each sender to its own source',
    );
  }
  const exact = events.find((type) => !Token.isUnresolved(type) && !type.endsWith('*'));
  if (exact !== undefined) {
    fail(
      scope,
      `an ordered inbox needs every event of its aggregates: events must be prefixes such as ${exact.split('.')[0] ?? ''}.*, got ${exact}`,
    );
  }
  const { adoptWait, adoptUntil } = withDefaults(propsOf(ordered), orderedDefaults);
  checkDuration(scope, { name: 'adoptWait', value: adoptWait, min: Duration.seconds(1) });
  if (Number.isNaN(adoptUntil?.getTime())) fail(scope, 'adoptUntil must be a valid date');
}

function propsOf(ordered: true | OrderedProps): OrderedProps {
  return ordered === true ? {} : ordered;
}
