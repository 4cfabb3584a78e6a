import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { OrdersStack } from '../lib/orders-stack';

test('the stack of the documentation synthesizes under jest, its function bundles included', () => {
  const template = Template.fromStack(new OrdersStack(new App(), 'Orders'));

  template.resourceCountIs('AWS::Lambda::EventSourceMapping', 2);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
  });
});
