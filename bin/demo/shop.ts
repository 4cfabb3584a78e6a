import type { Outputs } from './cdk.ts';

/** Where the deployed example can be reached and looked into. */
export interface Shop {
  readonly apiUrl: string;
  readonly orders: {
    readonly table: string;
    readonly outbox: OutboxPlace;
    readonly inbox: InboxPlace;
  };
  readonly billing: {
    readonly table: string;
    readonly outbox: OutboxPlace;
    readonly inbox: InboxPlace;
  };
  readonly warehouse: { readonly table: string; readonly inbox: InboxPlace };
}

export interface OutboxPlace {
  readonly table: string;
  readonly shards: number;
}

export interface InboxPlace {
  readonly name: string;
  readonly table: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** The example, as its stacks tell of it; `endpoint` is that of a local AWS. */
export function shopOf(outputs: Outputs, endpoint: string | undefined): Shop {
  const orders = stackOf(outputs, 'Orders');
  const billing = stackOf(outputs, 'Billing');
  const warehouse = stackOf(outputs, 'Warehouse');
  return {
    apiUrl: apiUrl({ id: orders('ApiId'), url: orders('ApiUrl') }, endpoint),
    orders: {
      table: orders('OrdersTable'),
      outbox: outboxOf(orders),
      inbox: inboxOf(orders, 'orders'),
    },
    billing: {
      table: billing('AccountsTable'),
      outbox: outboxOf(billing),
      inbox: inboxOf(billing, 'billing'),
    },
    warehouse: { table: warehouse('StockTable'), inbox: inboxOf(warehouse, 'warehouse') },
  };
}

type Read = (name: string) => string;

function stackOf(outputs: Outputs, service: string): Read {
  const [, values] = Object.entries(outputs).find(([stack]) => stack.endsWith(service)) ?? [];
  return (name) => {
    const value = values?.[name];
    if (value === undefined) throw new Error(`the ${service} stack has no output ${name}`);
    return value;
  };
}

function outboxOf(read: Read): OutboxPlace {
  return { table: read('OutboxTable'), shards: Number(read('OutboxShards')) };
}

function inboxOf(read: Read, name: string): InboxPlace {
  return {
    name,
    table: read('InboxTable'),
    queueUrl: read('InboxQueueUrl'),
    deadLetterQueueUrl: read('InboxDeadLetterQueueUrl'),
  };
}

/** Names below `localhost` are no addresses to every machine's resolver; a path does as well. */
function apiUrl(api: { id: string; url: string }, endpoint: string | undefined): string {
  const isBelowLocalhost = new URL(api.url).hostname.endsWith('.localhost');
  return endpoint !== undefined && isBelowLocalhost
    ? `${endpoint}/_aws/execute-api/${api.id}`
    : api.url;
}
