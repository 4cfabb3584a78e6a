/**
 * The CDK app that the operator's tests deploy. Its argument is the folder of the function bundles with faults.
 *
 * `-c prefix=Name` begins the stack's name.
 */
import { App } from 'aws-cdk-lib';

import { OperatedStack } from './stack.ts';

const [faultyFunctions = ''] = process.argv.slice(2);
const app = new App();
new OperatedStack(app, `${String(app.node.tryGetContext('prefix'))}Operated`, { faultyFunctions });
