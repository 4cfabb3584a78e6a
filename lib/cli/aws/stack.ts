import {
  DescribeStackResourcesCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';

import { OutboxError } from '../../core/errors.ts';
import { definedOnly } from '../../core/collections.ts';
import { didYouMean } from '../names.ts';
import type { Clients } from './clients.ts';
import { isDenied } from './failure.ts';

/** A deployed stack: what it is made of, and under which construct paths. */
export interface Stack {
  readonly name: string;
  readonly resources: readonly StackResource[];
}

export interface StackResource {
  readonly logicalId: string;
  /** Name, URL, ARN or id, as the kind of resource has it. */
  readonly physicalId: string;
  readonly type: string;
  /** Path of the construct in the CDK app; absent where the app was deployed without such metadata. */
  readonly path?: string;
  /** As the template has them, references unresolved; absent where the template could not be read. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** The end of the construct path of an inbox's queue for undelivered messages, next to its main queue. */
export const undeliveredQueue = '/UndeliveredQueue';

type CloudFormation = Pick<Clients, 'cloudformation'>;

/**
 * Reads a stack: the list of its resources, and its template, which knows the construct paths.
 *
 * @param typed its name, in upper or lower case
 * @throws OutboxError `OUTBOX_NOT_FOUND` where there is no such stack, with the nearest name
 */
export async function readStack(typed: string, clients: CloudFormation): Promise<Stack> {
  const { name, listed } = await findStack(typed, clients);
  const template = await readTemplate(name, clients);
  const resources = listed.map((resource) => {
    const { Properties: properties, Metadata = {} } = template[resource.logicalId] ?? {};
    const path = Metadata['aws:cdk:path'];
    return {
      ...resource,
      ...definedOnly({ properties }),
      // The L2 construct is what people know; `Resource` below it is the CDK's own.
      ...(typeof path === 'string' ? { path: path.replace(/\/Resource$/, '') } : {}),
    };
  });
  return { name, resources };
}

/** The stack of a name: CloudFormation's own is in upper and lower case, what is typed need not be. */
async function findStack(
  typed: string,
  clients: CloudFormation,
): Promise<{ name: string; listed: ListedResource[] }> {
  try {
    return { name: typed, listed: await listResources(typed, clients) };
  } catch (error) {
    if (!isUnknown(error)) throw error;
    const names = await listStacks(clients);
    const name = names.find((one) => one.toLowerCase() === typed.toLowerCase());
    if (name !== undefined && name !== typed) {
      return { name, listed: await listResources(name, clients) };
    }
    throw new OutboxError(
      'OUTBOX_NOT_FOUND',
      `there is no stack ${typed}.${didYouMean(typed, names)} Check the name, the region and the account (aws cloudformation list-stacks)`,
      { details: { stack: typed }, cause: error },
    );
  }
}

/** The stacks of the region; none where the caller may not list them. */
async function listStacks({ cloudformation }: CloudFormation): Promise<string[]> {
  const names: string[] = [];
  let NextToken: string | undefined;
  try {
    do {
      const answer = await cloudformation.send(new ListStacksCommand({ NextToken }));
      const stacks = (answer.StackSummaries ?? []).filter(
        ({ StackStatus }) => StackStatus !== 'DELETE_COMPLETE',
      );
      names.push(...stacks.map(({ StackName = '' }) => StackName));
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
  } catch (error) {
    if (!isDenied(error)) throw error;
  }
  return names;
}

/** The name of the stack that a resource belongs to; `undefined` where it is of none. */
export async function stackNameOf(
  physicalId: string,
  { cloudformation }: CloudFormation,
): Promise<string | undefined> {
  try {
    const answer = await cloudformation.send(
      new DescribeStackResourcesCommand({ PhysicalResourceId: physicalId }),
    );
    return answer.StackResources?.[0]?.StackName;
  } catch (error) {
    if (isUnknown(error)) return undefined;
    throw error;
  }
}

async function listResources(
  name: string,
  { cloudformation }: CloudFormation,
): Promise<ListedResource[]> {
  const resources: ListedResource[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await cloudformation.send(
      new ListStackResourcesCommand({ StackName: name, NextToken }),
    );
    resources.push(...(answer.StackResourceSummaries ?? []).map(toListed));
    NextToken = answer.NextToken;
  } while (NextToken !== undefined);
  return resources;
}

type ListedResource = Pick<StackResource, 'logicalId' | 'physicalId' | 'type'>;

function toListed(summary: StackResourceSummary): ListedResource {
  const { LogicalResourceId = '', PhysicalResourceId = '', ResourceType = '' } = summary;
  return { logicalId: LogicalResourceId, physicalId: PhysicalResourceId, type: ResourceType };
}

type Template = Record<
  string,
  { Properties?: Record<string, unknown>; Metadata?: Record<string, unknown> }
>;

async function readTemplate(name: string, { cloudformation }: CloudFormation): Promise<Template> {
  const { TemplateBody = '{}' } = await cloudformation.send(
    new GetTemplateCommand({ StackName: name }),
  );
  return parseTemplate(TemplateBody);
}

/** The CDK writes templates as JSON; of one that is not, nothing is known but the list of its resources. */
function parseTemplate(body: string): Template {
  try {
    return (JSON.parse(body) as { Resources?: Template }).Resources ?? {};
  } catch {
    return {};
  }
}

/** CloudFormation says so with an error that it has for many things. */
function isUnknown(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationError';
}
