import {
  DescribeEventBusCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  type Rule,
  type Target,
} from '@aws-sdk/client-eventbridge';

import type { DestinationConfig } from '../../core/environment.ts';
import type { Clients } from '../aws/clients.ts';
import { isMissing } from '../aws/failure.ts';
import type { Session } from '../session.ts';
import { ok, orUnknown, problem, type Finding } from './finding.ts';
import { mayTake } from './pattern.ts';
import { checkTarget } from './rule-target.ts';

type Services = Pick<Clients, 'eventbridge' | 'sqs'>;

/** The bus is there, each kind of event has a rule that takes it, and no target loses any. */
export async function checkBus(
  destination: DestinationConfig,
  { place, clients }: Session,
): Promise<Finding[]> {
  const about = `bus ${destination.name}`;
  const bus = await nameOfBus(destination.target, clients);
  if (bus === undefined) {
    return [
      problem(
        about,
        `there is no bus ${destination.target}`,
        'deploy the bus, or give the Outbox another destination',
      ),
    ];
  }
  const rules = (await listRules(bus, clients)).filter(isOfSomebody);
  const source = place.config?.source ?? '';
  const findings = judgeRules({ about, destination, source }, rules);
  const targets = await Promise.all(
    takersOf({ destination, source }, rules).map((rule) =>
      orUnknown(`rule ${rule.Name ?? ''}`, () => checkTargets(rule, bus, clients)),
    ),
  );
  return [...findings, ...targets.flat()];
}

/** ARNs of the queues that the bus's rules for the outbox deliver to; none where the bus is gone. */
export async function queuesOfBus(
  destination: DestinationConfig,
  { place, clients }: Session,
): Promise<string[]> {
  const bus = await nameOfBus(destination.target, clients);
  if (bus === undefined) return [];
  const rules = (await listRules(bus, clients)).filter(isOfSomebody);
  const takers = takersOf({ destination, source: place.config?.source ?? '' }, rules);
  const targets = await Promise.all(takers.map(({ Name = '' }) => targetsOf(Name, bus, clients)));
  return targets
    .flat()
    .map(({ Arn = '' }) => Arn)
    .filter((arn) => arn.includes(':sqs:'));
}

interface Subject {
  readonly destination: DestinationConfig;
  readonly source: string;
}

/** Whether each kind of event has a rule: an event without one is dropped by the bus, and nobody is told. */
function judgeRules(
  { about, destination, source }: Subject & { readonly about: string },
  rules: readonly Rule[],
): Finding[] {
  const without = filtersOf(destination).filter(
    (typeFilter) => !rules.some((rule) => mayTake(rule.EventPattern ?? '', { source, typeFilter })),
  );
  if (without.length === 0) return [ok(about, 'rules take what it gets')];
  return without.map((typeFilter) =>
    problem(
      about,
      `no rule takes ${typeFilter} of ${source}: the bus drops such events, and nobody is told`,
      'deploy an Inbox or a rule for them, or leave them out of the destination by its types',
    ),
  );
}

function takersOf({ destination, source }: Subject, rules: readonly Rule[]): Rule[] {
  return rules.filter(({ EventPattern = '' }) =>
    filtersOf(destination).some((typeFilter) => mayTake(EventPattern, { source, typeFilter })),
  );
}

function filtersOf({ types = ['*'] }: DestinationConfig): readonly string[] {
  return types;
}

/** Rules that AWS manages are of archives and the like, which take everything and hand nothing on. */
function isOfSomebody({ State, ManagedBy }: Rule): boolean {
  return State !== 'DISABLED' && ManagedBy === undefined;
}

/** What the bus goes by: its ARN, or its name, which is all that local emulators know; `undefined` where it is gone. */
async function nameOfBus(arn: string, clients: Services): Promise<string | undefined> {
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  if ((await arnOfBus(arn, clients)) !== undefined) return arn;
  return (await arnOfBus(name, clients)) === arn ? name : undefined;
}

async function arnOfBus(bus: string, { eventbridge }: Services): Promise<string | undefined> {
  try {
    const { Arn = '' } = await eventbridge.send(new DescribeEventBusCommand({ Name: bus }));
    return Arn;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function listRules(bus: string, { eventbridge }: Services): Promise<Rule[]> {
  const rules: Rule[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await eventbridge.send(new ListRulesCommand({ EventBusName: bus, NextToken }));
    rules.push(...(answer.Rules ?? []));
    NextToken = answer.NextToken;
  } while (NextToken !== undefined);
  return rules;
}

async function targetsOf(rule: string, bus: string, { eventbridge }: Services): Promise<Target[]> {
  const { Targets = [] } = await eventbridge.send(
    new ListTargetsByRuleCommand({ EventBusName: bus, Rule: rule }),
  );
  return Targets;
}

async function checkTargets(
  { Name = '', Arn = '' }: Rule,
  bus: string,
  clients: Services,
): Promise<Finding[]> {
  const targets = await targetsOf(Name, bus, clients);
  const rule = { name: Name, arn: Arn };
  if (targets.length === 0) {
    return [problem(`rule ${Name}`, 'it has no target', 'give it one, or remove it')];
  }
  return (await Promise.all(targets.map((target) => checkTarget(rule, target, clients)))).flat();
}
