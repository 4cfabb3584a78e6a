import {
  DescribeEventBusCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  type Rule,
  type Target,
} from '@aws-sdk/client-eventbridge';

import type { DestinationConfig } from '../../core/environment.ts';
import type { Clients } from '../aws/clients.ts';
import { isMissing, unlessMissing } from '../aws/failure.ts';
import { attributesOf, nameOfQueue, urlOfQueue } from '../aws/queues.ts';
import type { Session } from '../session.ts';
import { ok, orUnknown, problem, warning, type Finding } from './finding.ts';

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

/** Checks that each kind of event has a rule: the bus silently drops an event without one. */
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
      `no rule takes ${typeFilter} of ${source}: the bus drops such events without notice`,
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

/**
 * Whether rules of a bus may take events, as far as their patterns can be judged from the outside.
 *
 * Judges `source` and `detail-type`; what a pattern asks of the rest counts as met.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export function mayTake(
  patternJson: string,
  { source, typeFilter }: { source: string; typeFilter: string },
): boolean {
  const { source: sources, 'detail-type': types } = parse(patternJson);
  const takesSource = sources === undefined || sources.some((matcher) => takes(matcher, source));
  return (
    takesSource && (types === undefined || types.some((matcher) => overlaps(matcher, typeFilter)))
  );
}

type Matcher = string | Readonly<Record<string, unknown>>;

/** Whether a matcher takes any text that the filter means: a type, or a prefix and `*`. */
function overlaps(matcher: Matcher, typeFilter: string): boolean {
  if (!typeFilter.endsWith('*')) return takes(matcher, typeFilter);
  const prefix = typeFilter.slice(0, -1);
  if (typeof matcher === 'string') return matcher.startsWith(prefix);
  const wanted = matcher['prefix'];
  return typeof wanted !== 'string' || wanted.startsWith(prefix) || prefix.startsWith(wanted);
}

/** Whether a matcher takes a text. One that is not known here may. */
function takes(matcher: Matcher, text: string): boolean {
  if (typeof matcher === 'string') return matcher === text;
  const [[operator, value] = ['', undefined]] = Object.entries(matcher);
  if (typeof value !== 'string') return true;
  switch (operator) {
    case 'prefix':
      return text.startsWith(value);
    case 'suffix':
      return text.endsWith(value);
    case 'equals-ignore-case':
      return text.toLowerCase() === value.toLowerCase();
    case 'anything-but':
      return text !== value;
    default:
      return true;
  }
}

/** A pattern that cannot be read takes nothing. */
function parse(json: string): { source?: Matcher[]; 'detail-type'?: Matcher[] } {
  try {
    return JSON.parse(json) as object;
  } catch {
    return { source: [] };
  }
}

/** A target of a rule has a dead-letter queue, and the bus may send to both. */
async function checkTarget(
  rule: { readonly name: string; readonly arn: string },
  { Arn = '', DeadLetterConfig }: Target,
  clients: Pick<Clients, 'sqs'>,
): Promise<Finding[]> {
  const about = `rule ${rule.name}`;
  const deadLetters = DeadLetterConfig?.Arn;
  const queues = [Arn, deadLetters ?? ''].filter((arn) => arn.includes(':sqs:'));
  const checked = await Promise.all(
    queues.map((queue) => orUnknown(about, () => checkQueue(about, queue, { rule, clients }))),
  );
  const none =
    deadLetters === undefined
      ? [
          warning(
            about,
            `its target ${Arn} has no dead-letter queue: what cannot be delivered within a day is dropped`,
            'give the target a dead-letter queue; the Inbox construct does',
          ),
        ]
      : [];
  return [...none, ...checked.flat()];
}

async function checkQueue(
  about: string,
  queueArn: string,
  { rule, clients }: { rule: { arn: string }; clients: Pick<Clients, 'sqs'> },
): Promise<Finding[]> {
  const name = nameOfQueue(queueArn);
  const attributes = await unlessMissing(async () =>
    attributesOf(await urlOfQueue(queueArn, clients), clients, ['Policy', 'KmsMasterKeyId']),
  );
  if (attributes === undefined) {
    return [
      problem(
        about,
        `there is no queue ${name}: its events are lost`,
        'deploy the stack that defines the queue again, or remove the rule',
      ),
    ];
  }
  const { Policy, KmsMasterKeyId = '' } = attributes;
  const service = 'events.amazonaws.com';
  return [
    ...(letsSend(Policy, { service, sourceArn: rule.arn })
      ? []
      : [
          problem(
            about,
            `the policy of queue ${name} does not let ${service} send for ${rule.arn}: its events are lost`,
            'deploy the stack that defines the queue again',
          ),
        ]),
    ...(/(^|\/)alias\/aws\/sqs$/.test(KmsMasterKeyId)
      ? [
          problem(
            about,
            `queue ${name} is encrypted by alias/aws/sqs, which no other service may use: its events are lost`,
            'encrypt it with a key that SQS owns, or with one of yours',
          ),
        ]
      : []),
  ];
}

/**
 * Whether a queue's policy lets a service send to it on behalf of a resource.
 *
 * Reads Allow statements with the conditions that AWS's own tools write; another condition counts as met.
 */
export function letsSend(
  policyJson: string | undefined,
  { service, sourceArn }: { service: string; sourceArn: string },
): boolean {
  if (policyJson === undefined || policyJson === '') return false;
  const { Statement = [] } = JSON.parse(policyJson) as { Statement?: Statement | Statement[] };
  return [Statement].flat().some((statement) => {
    const isAllow = statement.Effect === 'Allow';
    return (
      isAllow && isOf(statement, service) && isSending(statement) && isFor(statement, sourceArn)
    );
  });
}

interface Statement {
  readonly Effect?: string;
  readonly Principal?: string | { readonly Service?: string | string[]; readonly AWS?: unknown };
  readonly Action?: string | string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;
}

function isOf({ Principal: principal = '' }: Statement, service: string): boolean {
  if (typeof principal === 'string') return principal === '*';
  return [principal.Service ?? []].flat().includes(service) || principal.AWS === '*';
}

function isSending({ Action: action = [] }: Statement): boolean {
  const names = [action].flat().map((name) => name.toLowerCase());
  return names.some((name) => ['*', 'sqs:*', 'sqs:sendmessage', 'sqs:send*'].includes(name));
}

function isFor({ Condition: condition = {} }: Statement, sourceArn: string): boolean {
  const asked = Object.values(condition).flatMap((test) =>
    Object.entries(test).filter(([name]) => name.toLowerCase() === 'aws:sourcearn'),
  );
  return asked.every(([, arns]) => [arns].flat().some((arn) => isLike(sourceArn, arn)));
}

/** Whether an ARN is like one with `*` and `?` in it. */
function isLike(arn: string, pattern: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(arn);
}
