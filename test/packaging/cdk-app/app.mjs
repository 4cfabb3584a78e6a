// An ES module that uses the package next to a CommonJS one.
import { App } from 'aws-cdk-lib';
import { Destination, Inbox, Outbox } from 'cdk-outbox';
import { createOutbox, OutboxError } from 'cdk-outbox/runtime';
import { createRequire } from 'node:module';

const { OrdersStack } = createRequire(import.meta.url)('./stack.js');
const app = new App();
new OrdersStack(app, 'Orders');
app.synth();

// Two copies of the package, one per module system, know each other's errors.
const { OutboxError: Other } = createRequire(import.meta.url)('cdk-outbox/runtime');
const all = [Destination, Inbox, Outbox, createOutbox];
console.log(
  JSON.stringify({
    all: all.map((one) => typeof one),
    knowsTheOther: Other !== OutboxError && OutboxError.is(new Other('EVENT_STALE', 'old')),
  }),
);
