import { readFileSync } from 'node:fs';

import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { describe, expect, it } from 'vitest';

import { Destination, Inbox, Outbox, Reconciliation, Saga } from '../lib/index.ts';
import { waitingStates } from '../lib/table/waiting.ts';
import { testStack, userFunction } from './constructs/support.ts';

const page = readFileSync('docs/when-something-is-stuck.md', 'utf8');

/** The alarms of each construct with all that it may have: what each says to type first. */
function alarms(): [id: string, firstWords: string][] {
  const stack = testStack();
  const bus = new EventBus(stack, 'Bus');
  const destination = Destination.eventBus(bus);
  const outbox = new Outbox(stack, 'Outbox', { source: 'orders', destination, archive: {} });
  const handler = userFunction(stack, 'Handler');
  new Inbox(stack, 'Inbox', { from: bus, events: ['*'], handler, ordered: true });
  const sagaHandler = userFunction(stack, 'SagaHandler');
  new Saga(stack, 'Saga', {
    ...{
      sagaName: 'fulfilment',
      outbox,
      from: bus,
      events: ['order.placed'],
      handler: sagaHandler,
    },
  });
  const reconcile = userFunction(stack, 'Reconcile');
  new Reconciliation(stack, 'Reconciliation', { outbox, handler: reconcile });
  return stack.node
    .findAll()
    .filter((node) => node instanceof Alarm)
    .map((alarm) => {
      const { alarmDescription = '' } = alarm.node.defaultChild as CfnAlarm;
      const [, words = ''] = /First: npx outbox ([a-z -]+)/.exec(alarmDescription) ?? [];
      return [alarm.node.id, words.split(' --')[0]?.trim() ?? ''];
    });
}

describe('the page for when something is stuck', () => {
  it.each(alarms())('says of the alarm %s to type first: %s', (id, firstWords) => {
    const row = page
      .split('\n')
      .find((line) => line.startsWith('| ') && line.includes(`\`${id}\``));

    expect(row).toContain(`| \`npx outbox ${firstWords}`);
  });

  it.each(waitingStates)('has a row for what is %s', (state) => {
    expect(page).toContain(`\n| \`${state}\` |`);
  });
});
