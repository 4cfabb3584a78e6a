// A CommonJS CDK app, as `cdk init` made them for years.
const { Stack, aws_events, aws_lambda } = require('aws-cdk-lib');
const { Destination, Inbox, Outbox } = require('cdk-outbox');

class OrdersStack extends Stack {
  constructor(scope, id) {
    super(scope, id);
    const bus = new aws_events.EventBus(this, 'Bus');
    const handler = new aws_lambda.Function(this, 'Handler', {
      runtime: aws_lambda.Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: aws_lambda.Code.fromInline('exports.handler = async () => {}'),
    });
    const outbox = new Outbox(this, 'Outbox', {
      source: 'orders',
      destination: Destination.eventBus(bus),
    });
    new Inbox(this, 'Inbox', { from: bus, events: ['order.*'], handler, outbox });
  }
}

module.exports = { OrdersStack };
