const { App } = require('aws-cdk-lib');
const { Template } = require('aws-cdk-lib/assertions');
const { OutboxError, defineEvent } = require('cdk-outbox/runtime');
const { z } = require('zod');
const { OrdersStack } = require('./stack');

test('the constructs synthesize under jest, their function bundle included', () => {
  const template = Template.fromStack(new OrdersStack(new App(), 'Orders'));
  template.resourceCountIs('AWS::Lambda::EventSourceMapping', 2);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
  });
});

test('the runtime works under jest', () => {
  const OrderPlaced = defineEvent('order.placed', {
    aggregate: 'order',
    schema: z.object({ total: z.number() }),
  });
  expect(OrderPlaced('42', { total: 1 }).aggregate).toBe('order/42');
  expect(() => defineEvent('no type', { aggregate: 'order', schema: z.object({}) })).toThrow(
    expect.objectContaining({ code: 'EVENT_TYPE_INVALID' }),
  );
  expect(OutboxError.is(new Error('other'))).toBe(false);
});
