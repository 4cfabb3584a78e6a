/**
 * The CDK app of the examples: three services and the bus that two of them share.
 *
 * `-c prefix=Name` names the stacks otherwise, so that two of it fit into one account.
 */
import { App } from 'aws-cdk-lib';

import { BillingStack } from '../examples/billing/stack.ts';
import { OrdersStack } from '../examples/orders/stack.ts';
import { BusStack } from '../examples/shared/bus-stack.ts';
import { WarehouseStack } from '../examples/warehouse/stack.ts';

const app = new App();
const prefix = String(app.node.tryGetContext('prefix') ?? 'Shop');

const { bus } = new BusStack(app, `${prefix}Bus`);
const { queue } = new WarehouseStack(app, `${prefix}Warehouse`);
new OrdersStack(app, `${prefix}Orders`, { bus, warehouse: queue });
new BillingStack(app, `${prefix}Billing`, { bus });
