import { parseArgs } from 'node:util';

/** What the user asks of the demo. */
export interface DemoOptions {
  readonly orders: number;
  readonly chaos: boolean;
  readonly keep: boolean;
  readonly aws: boolean;
  readonly build: boolean;
  readonly help: boolean;
}

const maxOrders = 10_000;

/** How the demo is called. */
export const usage = `Usage: npm run demo -- [options]

Deploys the example services, places orders over HTTP, and counts their outcomes.

  --orders N    how many orders to place, 1 to ${maxOrders} (default 50)
  --chaos       then have an event get stuck, find it, and bring it back
  --keep        leave everything running and say what to try
  --aws         deploy to the real AWS, which costs money
  --no-build    use dist/ as it is
  --help        this text

It works with the AWS that AWS_ENDPOINT_URL names, else starts one of its own (needs Python 3.10).
Exits with 1 if a number is wrong.`;

/** Throws where an option is unknown or has no use. */
export function parseOptions(args: string[]): DemoOptions {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      orders: { type: 'string', default: '50' },
      chaos: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      aws: { type: 'boolean', default: false },
      build: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
  });
  const orders = Number(values.orders);
  if (!Number.isInteger(orders) || orders < 1 || orders > maxOrders) {
    throw new Error(`--orders must be a whole number from 1 to ${maxOrders}, got ${values.orders}`);
  }
  return { ...values, orders };
}
