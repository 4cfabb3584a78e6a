import type { Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { describe, expect, it } from 'vitest';

import * as constructs from '../../lib/index.ts';
import { testStack, userFunction } from './support.ts';

const { Destination, Inbox, Outbox, Reconciliation, Saga } = constructs;

type Given = Readonly<Record<string, unknown>>;
type AnyConstruct = new (scope: Construct, id: string, props: never) => Construct;

const anOutbox = (stack: Stack): constructs.Outbox =>
  new Outbox(stack, 'Given', {
    source: 'orders',
    destination: Destination.eventBus(new EventBus(stack, 'Bus')),
  });

/** All that each construct requires, and no more. */
const required: Record<string, [type: AnyConstruct, given: (stack: Stack) => Given]> = {
  Outbox: [
    Outbox,
    (stack) => ({
      source: 'orders',
      destination: Destination.eventBus(new EventBus(stack, 'OutboxBus')),
    }),
  ],
  Inbox: [Inbox, (stack) => ({ handler: userFunction(stack, 'InboxHandler') })],
  Saga: [
    Saga,
    (stack) => ({
      sagaName: 'fulfilment',
      handler: userFunction(stack, 'SagaHandler'),
      outbox: anOutbox(stack),
    }),
  ],
  Reconciliation: [
    Reconciliation,
    (stack) => ({ outbox: anOutbox(stack), handler: userFunction(stack, 'Reconciler') }),
  ],
};

const cases = Object.entries(required).flatMap(([name, [type, given]]) =>
  Object.keys(given(testStack())).map((prop) => ({ name, type, given, prop })),
);

describe('a construct without a prop that it requires', () => {
  it.each(cases)('$name names $prop and what to give', ({ name, type, given, prop }) => {
    const stack = testStack();
    const props = given(stack);
    const rest = Object.fromEntries(Object.entries(props).filter(([name]) => name !== prop));
    const path = `Orders/${name}`;

    for (const value of [undefined, null]) {
      const id = `${name}${value}`;
      expect(() => new type(stack, id, { ...rest, [prop]: value } as never)).toThrow(
        new RegExp(`^${prop} is required, got ${value}: give .+ \\(${path}${value}\\)$`),
      );
    }
    expect(() => new type(stack, name, rest as never)).toThrow(`${prop} is required, got`);
    expect(() => new type(stack, `${name}Whole`, props as never)).not.toThrow();
  });

  it.each(Object.entries(required))('%s names the first where no props are given', (_, [type]) => {
    expect(() => new type(testStack(), 'Bare', undefined as never)).toThrow(
      /^\w+ is required, got undefined: give /,
    );
  });

  it('is every construct that the package exports', () => {
    const exported = Object.keys(constructs).filter((name) => name !== 'Destination');

    expect(Object.keys(required).toSorted()).toEqual(exported.toSorted());
  });
});

describe('a destination of nothing', () => {
  it.each(['eventBus', 'queue', 'topic'] as const)('is refused by Destination.%s', (kind) => {
    expect(() => Destination[kind](undefined as never)).toThrow(
      `Destination.${kind} needs a construct to deliver to, got undefined: give one such as new `,
    );
  });
});
