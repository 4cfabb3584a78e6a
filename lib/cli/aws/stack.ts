import {
  DescribeStackResourcesCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';

import { OutboxError } from '../../contract/error.ts';
import { definedOnly } from '../../contract/pick.ts';
import type { Clients } from './clients.ts';

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

/** How the path ends of an inbox's queue for what could not be put into its own, beside which it lies. */
export const undeliveredQueue = '/UndeliveredQueue';

type CloudFormation = Pick<Clients, 'cloudformation'>;

/**
 * Reads a stack: the list of its resources, and its template, which knows the construct paths.
 *
 * @throws OutboxError `OUTBOX_NOT_FOUND` where there is no such stack
 */
export async function readStack(name: string, clients: CloudFormation): Promise<Stack> {
  const listed = await listResources(name, clients);
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
    const answer = await orNoStack(
      name,
      cloudformation.send(new ListStackResourcesCommand({ StackName: name, NextToken })),
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

async function orNoStack<T>(name: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!isUnknown(error)) throw error;
    throw new OutboxError(
      'OUTBOX_NOT_FOUND',
      `there is no stack ${name}: check the name, the region and the account (aws cloudformation list-stacks)`,
      { facts: { stack: name }, cause: error },
    );
  }
}

/** CloudFormation says so with an error that it has for many things. */
function isUnknown(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationError';
}
