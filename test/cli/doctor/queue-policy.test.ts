import { describe, expect, it } from 'vitest';

import { letsSend } from '../../../lib/cli/doctor/bus.ts';

const sourceArn = 'arn:aws:events:eu-west-1:1:rule/shop/Billing';
const service = 'events.amazonaws.com';
const allow = { Effect: 'Allow', Principal: { Service: service }, Action: 'sqs:SendMessage' };

const lets = (...statements: object[]): boolean =>
  letsSend(JSON.stringify({ Statement: statements }), { service, sourceArn });

const from = (arn: string | string[], test = 'ArnEquals', name = 'aws:SourceArn'): object => ({
  ...allow,
  Condition: { [test]: { [name]: arn } },
});

describe('whether a queue lets a service send', () => {
  it.each<[string, object]>([
    ['without a condition', allow],
    ['for the rule', from(sourceArn)],
    ['for one of several', from(['arn:aws:events:eu-west-1:1:rule/other', sourceArn])],
    ['for all rules of the bus', from('arn:aws:events:eu-west-1:1:rule/shop/*', 'ArnLike')],
    ['for a rule that is one letter else', from('arn:aws:events:eu-west-1:1:rule/shop/Billin?')],
    ['any case of the name', from(sourceArn, 'ArnEquals', 'AWS:SourceArn')],
    [
      'as one of several services',
      { ...allow, Principal: { Service: ['sns.amazonaws.com', service] } },
    ],
    ['as anybody', { ...allow, Principal: '*' }],
    ['as anybody, said in the other way', { ...allow, Principal: { AWS: '*' } }],
    ['by all actions', { ...allow, Action: ['SQS:*'] }],
    [
      'under another condition',
      { ...allow, Condition: { Bool: { 'aws:SecureTransport': 'true' } } },
    ],
  ])('it does %s', (_, statement) => {
    expect(lets(statement)).toBe(true);
  });

  it.each<[string, object]>([
    ['for another rule', from('arn:aws:events:eu-west-1:1:rule/shop/Other')],
    ['for an ARN in which a dot is a dot', from(sourceArn.replace('eu-west', 'eu.west'))],
    ['to another service', { ...allow, Principal: { Service: 'sns.amazonaws.com' } }],
    ['to receive', { ...allow, Action: 'sqs:ReceiveMessage' }],
    ['where it denies', { ...allow, Effect: 'Deny' }],
  ])('it does not %s', (_, statement) => {
    expect(lets(statement)).toBe(false);
  });

  it('does where any statement does', () => {
    expect(lets({ ...allow, Effect: 'Deny' }, allow)).toBe(true);
  });

  it('does not without a policy', () => {
    expect(letsSend(undefined, { service, sourceArn })).toBe(false);
    expect(letsSend('', { service, sourceArn })).toBe(false);
  });
});
