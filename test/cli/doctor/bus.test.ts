import { describe, expect, it } from 'vitest';

import { checkBus } from '../../../lib/cli/doctor/bus.ts';
import type { DestinationConfig } from '../../../lib/core/environment.ts';
import { bus, queueArn, servicesOf, type FakeQueue } from '../support/account.ts';
import { awsError, type Answers } from '../support/clients.ts';
import { aSession } from '../support/session.ts';

const ruleArn = 'arn:aws:events:eu-west-1:1:rule/shop/Billing';
const rule = { Name: 'Billing', Arn: ruleArn, EventPattern: '{"source":["orders"]}' };
const target = { Arn: queueArn('inbox'), DeadLetterConfig: { Arn: queueArn('undelivered') } };

const policy = JSON.stringify({
  Statement: {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Condition: { ArnEquals: { 'aws:SourceArn': ruleArn } },
  },
});
const openQueues: readonly FakeQueue[] = ['inbox', 'undelivered'].map((name) => ({
  name,
  attributes: { Policy: policy },
}));

function eventsOf(rules: readonly object[], targets: readonly object[] = [target]): Answers {
  return {
    DescribeEventBus: ({ Name }: { Name: string }) => ({ Name, Arn: bus.target }),
    // One a page.
    ListRules: ({ NextToken }: { NextToken?: string }) => {
      const at = Number(NextToken ?? 0);
      const next = at + 1 < rules.length ? { NextToken: String(at + 1) } : {};
      return { Rules: rules.slice(at, at + 1), ...next };
    },
    ListTargetsByRule: () => ({ Targets: targets }),
  };
}

function check(
  eventbridge: Answers,
  {
    queues = openQueues,
    destination = bus,
  }: { queues?: readonly FakeQueue[]; destination?: DestinationConfig } = {},
) {
  return checkBus(destination, aSession({ services: { ...servicesOf({ queues }), eventbridge } }));
}

describe('the bus', () => {
  it('is well where a rule takes what it gets, and its target loses nothing', async () => {
    expect(await check(eventsOf([{ ...rule, EventPattern: '{"source":["x"]}' }, rule]))).toEqual([
      { severity: 'ok', about: 'bus bus/Bus', what: 'rules take what it gets' },
    ]);
  });

  it('is told where it is gone', async () => {
    const gone = {
      DescribeEventBus: () => {
        throw awsError('ResourceNotFoundException');
      },
    };

    expect(await check(gone)).toMatchObject([
      {
        severity: 'problem',
        what: `there is no bus ${bus.target}`,
        nextStep: expect.any(String) as string,
      },
    ]);
  });

  it('is found by its name where that is all that can be asked for, as on a local AWS', async () => {
    const asked: string[] = [];
    const events = eventsOf([rule]);
    const local = {
      ...events,
      DescribeEventBus: ({ Name }: { Name: string }) => {
        if (Name !== 'shop') throw awsError('ResourceNotFoundException');
        return { Arn: bus.target };
      },
      ListRules: (input: { EventBusName: string }) => {
        asked.push(input.EventBusName);
        return events['ListRules']?.(input as never);
      },
    };

    expect(await check(local)).toMatchObject([{ severity: 'ok' }]);
    expect(asked).toEqual(['shop']);
  });

  it('is not taken for one of the same name elsewhere', async () => {
    const other = {
      DescribeEventBus: ({ Name }: { Name: string }) => {
        if (Name !== 'shop') throw awsError('ResourceNotFoundException');
        return { Arn: bus.target.replace('eu-west-1', 'eu-central-1') };
      },
    };

    expect(await check(other)).toMatchObject([{ severity: 'problem' }]);
  });

  it.each<[string, object[]]>([
    ['there is no rule', []],
    ['its rules are disabled', [{ ...rule, State: 'DISABLED' }]],
    ['its rules take what others send', [{ ...rule, EventPattern: '{"source":["invoices"]}' }]],
    ['its only rule is of an archive', [{ ...rule, EventPattern: '{}', ManagedBy: 'prod.vhs' }]],
    ['a rule runs by a schedule', [{ Name: 'Nightly', Arn: ruleArn }]],
  ])('drops what it gets where %s', async (_, rules) => {
    const findings = await check(eventsOf(rules));

    expect(findings).toMatchObject([{ severity: 'problem' }]);
    expect(findings[0]?.what).toContain('no rule takes * of orders: the bus drops such events');
    expect(findings[0]?.nextStep).toContain('deploy an Inbox');
  });

  it('names each kind of event that has no rule', async () => {
    const destination = { ...bus, types: ['order.*', 'invoice.created'] };
    const pattern = '{"source":["orders"],"detail-type":["order.placed"]}';

    const findings = await check(eventsOf([{ ...rule, EventPattern: pattern }]), { destination });

    expect(findings).toMatchObject([{ severity: 'problem' }]);
    expect(findings[0]?.what).toContain('no rule takes invoice.created of orders');
  });

  it('loses nothing by a rule without a target, which is told', async () => {
    const findings = await check(eventsOf([rule], []));

    expect(findings[1]).toMatchObject({
      severity: 'problem',
      about: 'rule Billing',
      what: 'it has no target',
    });
  });

  it('warns of a target without a dead-letter queue', async () => {
    const findings = await check(eventsOf([rule], [{ Arn: queueArn('inbox') }]));

    expect(findings[1]).toMatchObject({ severity: 'warning', about: 'rule Billing' });
    expect(findings[1]?.what).toContain(`${queueArn('inbox')} has no dead-letter queue`);
  });

  it.each(['inbox', 'undelivered'])('tells where %s does not let it send', async (closed) => {
    const queues = openQueues.map((queue) =>
      queue.name === closed ? { ...queue, attributes: {} } : queue,
    );

    const findings = await check(eventsOf([rule]), { queues });

    expect(findings.slice(1)).toMatchObject([{ severity: 'problem', about: 'rule Billing' }]);
    expect(findings[1]?.what).toContain(`the policy of queue ${closed} does not let events`);
  });

  it('tells of a queue that a key of AWS closes to other services', async () => {
    const queues = openQueues.map(({ name, attributes }) => ({
      name,
      attributes:
        name === 'inbox' ? { ...attributes, KmsMasterKeyId: 'alias/aws/sqs' } : attributes!,
    }));

    const findings = await check(eventsOf([rule]), { queues });

    expect(findings.slice(1)).toMatchObject([{ severity: 'problem' }]);
    expect(findings[1]?.what).toContain('queue inbox is encrypted by alias/aws/sqs');
  });

  it('says of a target’s queue what it may not see, and goes on', async () => {
    const { sqs, ...others } = servicesOf({ queues: openQueues });
    const denied = {
      ...sqs,
      GetQueueUrl: () => {
        throw awsError('AccessDenied', 'not you');
      },
    };
    const services = { ...others, sqs: denied, eventbridge: eventsOf([rule]) };

    const findings = await checkBus(bus, aSession({ services }));

    expect(findings.map(({ severity }) => severity)).toEqual(['ok', 'unknown', 'unknown']);
  });

  it('asks no queue where a target is none', async () => {
    const lambda = { ...target, Arn: 'arn:aws:lambda:eu-west-1:1:function:bill' };

    expect(await check(eventsOf([rule], [lambda]))).toMatchObject([{ severity: 'ok' }]);
  });
});
