import { setTimeout as delay } from 'node:timers/promises';

import { testCards } from '../../examples/provider/test-cards.ts';

/** What is sent to the orders service. */
export interface Order {
  readonly orderId: string;
  readonly customer: string;
  readonly card: string;
  readonly sku: string;
  readonly quantity: number;
  readonly total: number;
  /** @default - an hour, as the orders service has it */
  readonly payWithinSeconds?: number;
}

/** The possible outcomes of an order: it is fulfilled, or cancelled for a reason. */
export const fates = [
  'fulfilled',
  'payment refused',
  'no answer about the payment',
  'out of stock',
] as const;
export type Fate = (typeof fates)[number];

/** An order on its way: its correlation id marks everything that it sets off. */
export interface OrderRequest {
  readonly order: Order;
  readonly correlationId: string;
  /** Whether its transaction must fail, since an order of this id was placed before. */
  readonly mustFail: boolean;
  /** Its expected outcome. */
  readonly fate: Fate;
}

const customers = 8;
const products = 8;
const concurrency = 4;

/** How long an order waits for the answer that never comes. Every other order has as much time as a machine may take. */
const payWithinSeconds = 30;

/** How orders differ, in turn: every tenth is one of each. */
const kinds: readonly Kind[] = [
  { again: true },
  { card: testCards.refused, fate: 'payment refused' },
  {},
  { card: testCards.firstAnswerLost },
  { isSoldOut: true, fate: 'out of stock' },
  {},
  { card: testCards.answersTwice },
  { card: testCards.silent, fate: 'no answer about the payment', payWithinSeconds },
  {},
  {},
];

interface Kind {
  /** @default testCards.good */
  readonly card?: string;
  /** Sent once more, and must fail then. */
  readonly again?: boolean;
  readonly isSoldOut?: boolean;
  /** @default 'fulfilled' */
  readonly fate?: Fate;
  readonly payWithinSeconds?: number;
}

/**
 * `count` orders and, for every tenth, one more of the same id that must fail.
 *
 * All names begin with `run`, so that nothing of another run is counted.
 */
export function makeRequests(run: string, count: number): OrderRequest[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = kinds[index % kinds.length] ?? {};
    const { fate = 'fulfilled', again = false } = kind;
    const order = makeOrder(run, index, kind);
    const request = { order, correlationId: `${run}-${index}`, mustFail: false, fate };
    const copy = { ...order, total: order.total + 1000 };
    const repeated = {
      ...request,
      order: copy,
      correlationId: `${run}-${index}-again`,
      mustFail: true,
    };
    return again ? [request, repeated] : [request];
  }).flat();
}

function makeOrder(
  run: string,
  index: number,
  { card = testCards.good, isSoldOut = false, payWithinSeconds }: Kind,
): Order {
  return {
    orderId: `${run}-${index}`,
    customer: `${run}-customer-${index % customers}`,
    card,
    sku: isSoldOut ? `${run}-sold-out` : `${run}-product-${index % products}`,
    quantity: 1 + (index % 3),
    total: 10 + index,
    ...(payWithinSeconds === undefined ? {} : { payWithinSeconds }),
  };
}

/**
 * Sends the requests, a few at once, each that must fail right after the one that it repeats.
 *
 * Throws at the first answer that is not the expected one.
 */
export async function placeOrders(
  apiUrl: string,
  requests: readonly OrderRequest[],
  onAnswer: (answers: number) => void,
): Promise<void> {
  const waiting = Object.values(Object.groupBy(requests, ({ order }) => order.orderId)).values();
  let answers = 0;
  const work = async (): Promise<void> => {
    for (const sameOrder of waiting) {
      for (const request of sameOrder ?? []) {
        await place(apiUrl, request);
        answers += 1;
        onAnswer(answers);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

/** The status of an answer that did not come. */
const noAnswer = 599;
/** How long an order is sent again before the service counts as broken. */
const placePatienceMs = 10 * 60_000;

/**
 * Sends an order until the service answers what it says of it. A lost or failed answer says nothing: the order may be
 * placed, and then exists when it is sent again.
 */
async function place(apiUrl: string, request: OrderRequest): Promise<void> {
  const deadline = Date.now() + placePatienceMs;
  let expected = request.mustFail ? [409] : [201];
  for (;;) {
    const { status, text } = await post(apiUrl, request);
    if (expected.includes(status)) return;
    if (status < 500 || Date.now() > deadline) {
      throw new Error(
        `order ${request.order.orderId} was answered with ${status} instead of ${expected.join(' or ')}: ${text}`,
      );
    }
    expected = request.mustFail ? [409] : [201, 409];
    await delay(1_000);
  }
}

/** The answer to an order. */
async function post(
  apiUrl: string,
  { order, correlationId }: OrderRequest,
): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(`${apiUrl}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-correlation-id': correlationId },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(120_000),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    return { status: noAnswer, text: error instanceof Error ? error.message : String(error) };
  }
}
