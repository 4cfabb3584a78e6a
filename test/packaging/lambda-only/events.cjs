const { defineEvent } = require('cdk-outbox/runtime');
const { z } = require('zod');

exports.OrderPlaced = defineEvent('order.placed', {
  aggregateType: 'order',
  schema: z.object({ total: z.number() }),
});
