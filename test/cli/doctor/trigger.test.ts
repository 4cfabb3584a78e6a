import { describe, expect, it } from 'vitest';

import type { Trigger } from '../../../lib/cli/aws/functions.ts';
import { checkTrigger, judgeTriggers } from '../../../lib/cli/doctor/table.ts';
import { newEntriesPattern } from '../../../lib/table/entry.ts';
import { aSession, streamArn, tableArn } from '../support/session.ts';

const healthy: Trigger = {
  UUID: 'uuid-1',
  EventSourceArn: streamArn,
  State: 'Enabled',
  StartingPosition: 'TRIM_HORIZON',
  FilterCriteria: { Filters: [{ Pattern: JSON.stringify(newEntriesPattern) }] },
  FunctionResponseTypes: ['ReportBatchItemFailures'],
  DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:eu-west-1:1:given-up' } },
  MaximumRetryAttempts: 10,
  LastProcessingResult: 'OK',
};

const wanted = { relay: 'Relay', stream: streamArn };

const judge = (changed: Partial<Trigger>) => judgeTriggers([{ ...healthy, ...changed }], wanted);

describe('the trigger', () => {
  it('is well as the construct makes it', () => {
    expect(judge({})).toEqual([
      { severity: 'ok', about: 'trigger', what: `enabled, reads ${streamArn}` },
    ]);
  });

  it.each<[string, Partial<Trigger>, { what: string; nextStep: string }]>([
    [
      'is disabled',
      { State: 'Disabled' },
      { what: 'it is disabled', nextStep: '--uuid uuid-1 --enabled' },
    ],
    [
      'is being disabled',
      { State: 'Disabling' },
      { what: 'it is disabling', nextStep: '--enabled' },
    ],
    [
      'begins at the end',
      { StartingPosition: 'LATEST' },
      { what: 'starts at LATEST', nextStep: 'deploy' },
    ],
    [
      'has a filter of somebody',
      { FilterCriteria: { Filters: [{ Pattern: '{"eventName":["MODIFY"]}' }] } },
      {
        what: 'its filter is not the package\'s, and may drop entries for good: {"eventName":["MODIFY"]}',
        nextStep: 'deploy',
      },
    ],
    [
      'has a filter that cannot be read',
      { FilterCriteria: { Filters: [{ Pattern: '{' }] } },
      { what: 'may drop entries', nextStep: 'deploy' },
    ],
    [
      'has a second filter',
      { FilterCriteria: { Filters: [...healthy.FilterCriteria!.Filters!, { Pattern: '{}' }] } },
      { what: 'may drop entries', nextStep: 'deploy' },
    ],
    [
      'reads no partial answers',
      { FunctionResponseTypes: [] },
      { what: 'which records failed', nextStep: 'deploy' },
    ],
    [
      'says so itself',
      { LastProcessingResult: 'PROBLEM: Function call failed' },
      { what: 'it says PROBLEM: Function call failed', nextStep: 'log of the relay' },
    ],
  ])('is a problem where it %s', (_, changed, { what, nextStep }) => {
    const [finding, another] = judge(changed);

    expect(finding).toMatchObject({ severity: 'problem' });
    expect(finding?.what).toContain(what);
    expect(finding?.nextStep).toContain(nextStep);
    expect(another).toBeUndefined();
  });

  it.each<[string, Partial<Trigger>, string]>([
    ['has no filter', { FilterCriteria: {} }, 'it has no filter'],
    [
      'has no on-failure destination',
      { DestinationConfig: {} },
      'it has no on-failure destination',
    ],
    ['repeats for ever', { MaximumRetryAttempts: -1 }, 'without end'],
  ])('works and is warned of where it %s', (_, changed, what) => {
    const findings = judge(changed);

    expect(findings.map(({ severity }) => severity)).toEqual(['ok', 'warning']);
    expect(findings[1]?.what).toContain(what);
    expect(findings[1]?.nextStep).toBeDefined();
  });

  it('can be made by hand where there is none: the next step is the whole command', () => {
    const [finding] = judgeTriggers([], wanted);

    expect(finding?.what).toContain('the relay has none');
    expect(finding?.nextStep).toContain('--starting-position TRIM_HORIZON');
    expect(finding?.nextStep).toContain(`--function-name Relay --event-source-arn ${streamArn}`);
    expect(finding?.nextStep).toContain(JSON.stringify(JSON.stringify(newEntriesPattern)));
  });

  it('is told where it reads a stream that was turned off', () => {
    const old = { ...healthy, EventSourceArn: `${tableArn}/stream/2026-01-01T00:00:00.000` };

    const [finding] = judgeTriggers([old], wanted);

    expect(finding).toMatchObject({ severity: 'problem' });
    expect(finding?.what).toContain(`no longer the table's, which is ${streamArn}`);
  });

  it('has nothing to read where the stream is off', () => {
    const [finding] = judgeTriggers([healthy], { relay: 'Relay', stream: undefined });

    expect(finding?.what).toContain('the table has no stream to read');
  });

  it('is looked for among those of the relay, of this table', async () => {
    const elsewhere = { ...healthy, EventSourceArn: streamArn.replace('Shop-Outbox', 'Other') };
    const services = {
      lambda: { ListEventSourceMappings: () => ({ EventSourceMappings: [elsewhere] }) },
      dynamodb: { DescribeTable: () => ({ Table: { LatestStreamArn: streamArn } }) },
    };

    const [finding] = await checkTrigger(aSession({ services }));

    expect(finding?.what).toContain('the relay has none');
  });

  it('cannot be told where no relay is seen', async () => {
    const session = aSession({ without: ['relay'] });

    expect(await checkTrigger(session)).toMatchObject([
      {
        severity: 'problem',
        what: 'no relay was found',
        nextStep: expect.stringContaining('--stack') as string,
      },
    ]);
  });
});
