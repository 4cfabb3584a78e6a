import type { Outputs } from './cdk.ts';

/** Where the deployed example can be reached and looked into. */
export interface Shop {
  readonly apiUrl: string;
  readonly orders: ServicePlace & { readonly reconcile: string };
  readonly payment: ServicePlace;
  readonly inventory: ServicePlace;
  readonly warehouse: { readonly table: string; readonly inbox: InboxPlace };
  readonly provider: { readonly table: string };
}

/** A service: its own table, the outbox that it writes to, and the inbox that it hears others by. */
export interface ServicePlace {
  readonly table: string;
  readonly outbox: OutboxPlace;
  readonly inbox: InboxPlace;
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
  const payment = stackOf(outputs, 'Payment');
  const inventory = stackOf(outputs, 'Inventory');
  const warehouse = stackOf(outputs, 'Warehouse');
  const provider = stackOf(outputs, 'Provider');
  return {
    apiUrl: apiUrl({ id: orders('ApiId'), url: orders('ApiUrl') }, endpoint),
    orders: {
      ...serviceOf(orders, { name: 'orders', table: 'OrdersTable' }),
      reconcile: orders('ReconcileFunction'),
    },
    payment: serviceOf(payment, { name: 'payment', table: 'PaymentsTable' }),
    inventory: serviceOf(inventory, { name: 'inventory', table: 'StockTable' }),
    warehouse: { table: warehouse('ShipmentsTable'), inbox: inboxOf(warehouse, 'warehouse') },
    provider: { table: provider('ChargesTable') },
  };
}

export function outboxesOf({ orders, payment, inventory }: Shop): readonly OutboxPlace[] {
  return [orders, payment, inventory].map(({ outbox }) => outbox);
}

export function inboxesOf({ orders, payment, inventory, warehouse }: Shop): readonly InboxPlace[] {
  return [orders, payment, inventory, warehouse].map(({ inbox }) => inbox);
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

function serviceOf(read: Read, { name, table }: { name: string; table: string }): ServicePlace {
  return {
    table: read(table),
    outbox: { table: read('OutboxTable'), shards: Number(read('OutboxShards')) },
    inbox: inboxOf(read, name),
  };
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
