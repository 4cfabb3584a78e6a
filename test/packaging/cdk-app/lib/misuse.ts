// Compiles only as long as each misuse is an error.
import { Inbox, type OutboxProps } from 'cdk-outbox';
import { createInbox } from 'cdk-outbox/runtime';
import { messageOf } from 'cdk-outbox/testing';
import { OrderPlaced } from './events';

// @ts-expect-error the payload is of another type
OrderPlaced('42', { orderId: '42', total: 'much' });
// @ts-expect-error the data is typed by the event
createInbox().on(OrderPlaced, async ({ data }) => void data.discount);
// @ts-expect-error a source is text
export const props: Pick<OutboxProps, 'source'> = { source: 42 };
// @ts-expect-error only an event makes a message
messageOf('42');
// @ts-expect-error an inbox needs props
export const inbox = (scope: never) => new Inbox(scope, 'Inbox');
