/**
 * The CDK app of the examples: four services, a stand-in for a payment provider, and the bus between them.
 *
 * `-c prefix=Name` names the stacks otherwise, so that two of it fit into one account.
 */
import { App } from 'aws-cdk-lib';

import { InventoryStack } from '../examples/inventory/stack.ts';
import { OrdersStack } from '../examples/orders/stack.ts';
import { PaymentStack } from '../examples/payment/stack.ts';
import { ProviderStack } from '../examples/provider/stack.ts';
import { BusStack } from '../examples/shared/bus-stack.ts';
import { WarehouseStack } from '../examples/warehouse/stack.ts';

const app = new App();
const prefix = String(app.node.tryGetContext('prefix') ?? 'Shop');

const { bus } = new BusStack(app, `${prefix}Bus`);
const { answer: provider } = new ProviderStack(app, `${prefix}Provider`);
const { inbox: warehouse } = new WarehouseStack(app, `${prefix}Warehouse`);
new OrdersStack(app, `${prefix}Orders`, { bus, warehouse });
new PaymentStack(app, `${prefix}Payment`, { bus, provider });
new InventoryStack(app, `${prefix}Inventory`, { bus });
