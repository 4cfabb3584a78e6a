import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { describe, expect, test } from 'vitest';

import { Destination } from '../../lib/constructs/outbox/destination.ts';
import { Inbox } from '../../lib/constructs/inbox/inbox.ts';
import { Outbox } from '../../lib/constructs/outbox/outbox.ts';
import { flagSets, testApp, userFunction } from './support.ts';

describe.each(flagSets)('with %s', (_, flags) => {
  test('outbox, bus and inbox may each be in a stack of their own', () => {
    const app = testApp(flags);
    const shared = new Stack(app, 'Shared');
    const bus = new EventBus(shared, 'Bus');
    const orders = new Stack(app, 'Orders');
    const destination = Destination.eventBus(bus);
    new Outbox(orders, 'Outbox', { source: 'orders', destination });
    const billing = new Stack(app, 'Billing');
    const handler = userFunction(billing, 'Handler');
    new Inbox(billing, 'Inbox', { from: bus, events: ['order.placed'], handler });

    app.synth();

    Template.fromStack(billing).resourceCountIs('AWS::Events::Rule', 1);
    expect(orders.dependencies).toEqual([shared]);
    expect(billing.dependencies).toEqual([shared]);
  });

  test('a writer, a handler and an operator may be in other stacks than the tables', () => {
    const app = testApp(flags);
    const storage = new Stack(app, 'Storage');
    const inboxes = new Stack(app, 'Inboxes');
    const functions = new Stack(app, 'Functions');
    const destination = Destination.eventBus(new EventBus(storage, 'Bus'));
    const outbox = new Outbox(storage, 'Outbox', { source: 'orders', destination });

    outbox.grantWrite(userFunction(functions, 'PlaceOrder'));
    outbox.grantRead(userFunction(functions, 'Operator'));
    new Inbox(inboxes, 'Inbox', { handler: userFunction(functions, 'Handler'), outbox });

    expect(() => app.synth()).not.toThrow();
    Template.fromStack(functions).resourceCountIs('AWS::Lambda::EventSourceMapping', 1);
  });

  test('a queue of another stack is delivered to directly', () => {
    const app = testApp(flags);
    const warehouse = new Stack(app, 'Warehouse');
    const { queue } = new Inbox(warehouse, 'Inbox', {
      handler: userFunction(warehouse, 'Handler'),
    });
    const orders = new Stack(app, 'Orders');

    new Outbox(orders, 'Outbox', { source: 'orders', destination: Destination.queue(queue) });

    expect(() => app.synth()).not.toThrow();
    expect(Destination.queue(queue).config.name).toBe('queue/Inbox/Queue');
  });
});

test('the name of a destination is the same in every stage', () => {
  const names = ['Test', 'Production'].map((id) => {
    const bus = new EventBus(new Stack(new App(), id), 'Bus');
    return Destination.eventBus(bus).config.name;
  });

  expect(names).toEqual(['bus/Bus', 'bus/Bus']);
});
