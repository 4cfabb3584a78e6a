import { createInbox, createOutbox, defineEvent } from 'cdk-outbox/runtime';
import { z } from 'zod';

const OrderPlaced = defineEvent('order.placed', {
  aggregateType: 'order',
  schema: z.object({ total: z.number() }),
});
const environment = {
  OUTBOX_TABLE: 'outbox',
  OUTBOX_SHARDS: '16',
  OUTBOX_RETENTION_MS: '1209600000',
  OUTBOX_ACCEPTS: '[{"maxMessageBytes":1000000}]',
};
const outbox = createOutbox({ environment });
const actions = await outbox.prepare([OrderPlaced('42', { total: 7 })]);
console.log(
  JSON.stringify({ actions: actions.length, inbox: typeof createInbox, node: process.version }),
);
