import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  ListEventSourceMappingsCommand,
  ListFunctionsCommand,
  type EventSourceMappingConfiguration,
  type FunctionConfiguration,
} from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';

import type { Environment } from '../../core/environment.ts';
import type { CliContext } from '../context.ts';
import type { Clients } from './clients.ts';
import { explain } from './failure.ts';

/** A Lambda function as far as it matters here. */
export interface FunctionFacts {
  readonly name: string;
  readonly environment: Environment;
  /** ARN of its role. */
  readonly role: string;
  /** The customer's key of its environment. @default - AWS's own */
  readonly kmsKey?: string;
  /** When its code or configuration was last deployed, epoch milliseconds. @default - not known */
  readonly deployedAt?: number;
}

/** All functions of the region, 50 a call. */
export async function listFunctions({ lambda }: Pick<Clients, 'lambda'>): Promise<FunctionFacts[]> {
  const functions: FunctionFacts[] = [];
  let Marker: string | undefined;
  do {
    const answer = await lambda.send(new ListFunctionsCommand({ Marker }));
    functions.push(...(answer.Functions ?? []).map(toFacts));
    Marker = answer.NextMarker;
  } while (Marker !== undefined && Marker !== '');
  return functions;
}

export async function describeFunction(
  name: string,
  { lambda }: Pick<Clients, 'lambda'>,
): Promise<FunctionFacts> {
  return toFacts(await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name })));
}

/** The name of a function by its ARN, that of an alias or version included. */
export function functionNameOf(arn: string): string {
  return arn.split(':')[6] ?? arn;
}

/** What came of invoking a function. */
export type Invoked =
  | { readonly status: 'answered'; readonly answer: unknown }
  | { readonly status: 'failed'; readonly error: string; readonly message: string };

/** Invokes a function, and waits for its answer. */
export async function invoke(
  name: string,
  { lambda }: Pick<Clients, 'lambda'>,
  request: Readonly<Record<string, string>> = {},
): Promise<Invoked> {
  const Payload = new TextEncoder().encode(JSON.stringify(request));
  const answer = await lambda.send(new InvokeCommand({ FunctionName: name, Payload }));
  const payload = parse(answer.Payload);
  if (answer.FunctionError === undefined) return { status: 'answered', answer: payload };
  const { errorType = answer.FunctionError, errorMessage = '' } = (payload ?? {}) as {
    errorType?: string;
    errorMessage?: string;
  };
  return { status: 'failed', error: errorType, message: errorMessage };
}

function toFacts({
  FunctionName,
  Environment: environment,
  Role,
  KMSKeyArn,
  LastModified = '',
}: FunctionConfiguration): FunctionFacts {
  // Lambda writes the zone without a colon: 2026-11-21T04:37:30.000+0000
  const deployedAt = Date.parse(LastModified.replace(/\+0000$/, 'Z'));
  return {
    name: FunctionName ?? '',
    environment: environment?.Variables ?? {},
    role: Role ?? '',
    ...(KMSKeyArn === undefined ? {} : { kmsKey: KMSKeyArn }),
    ...(Number.isNaN(deployedAt) ? {} : { deployedAt }),
  };
}

function parse(payload: Uint8Array | undefined): unknown {
  const text = new TextDecoder().decode(payload);
  return text === '' ? undefined : JSON.parse(text);
}

/** What makes a function run: a mapping of a stream or a queue to it. */
export type Trigger = EventSourceMappingConfiguration;

/** The triggers of a function. */
export function triggersOf(
  functionName: string,
  clients: Pick<Clients, 'lambda'>,
): Promise<Trigger[]> {
  return listMappings({ FunctionName: functionName }, clients);
}

/** The event source mappings of this account that read a queue. */
export function mappingsOfQueue(
  queueArn: string,
  clients: Pick<Clients, 'lambda'>,
): Promise<Trigger[]> {
  return listMappings({ EventSourceArn: queueArn }, clients);
}

async function listMappings(
  of: { FunctionName: string } | { EventSourceArn: string },
  { lambda }: Pick<Clients, 'lambda'>,
): Promise<Trigger[]> {
  const triggers: Trigger[] = [];
  let Marker: string | undefined;
  do {
    const answer = await lambda.send(new ListEventSourceMappingsCommand({ ...of, Marker }));
    triggers.push(...(answer.EventSourceMappings ?? []));
    Marker = answer.NextMarker;
  } while (Marker !== undefined && Marker !== '');
  return triggers;
}

/** Whether a trigger is of a stream of this table. */
export function isOfTable({ EventSourceArn = '' }: Trigger, tableName: string): boolean {
  return EventSourceArn.includes(`:table/${tableName}/stream/`);
}

/** Who does this, for the record: as AWS knows the caller, else the name of who is logged in. */
export async function callerIdentity(
  { sts }: Pick<Clients, 'sts'>,
  world: CliContext,
): Promise<string> {
  const { user = 'unknown', terminal } = world;
  try {
    const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
    return Arn ?? user;
  } catch (error) {
    terminal.note(
      `The record will say that ${user} did it; AWS did not say who you are: ${explain(error)}\n`,
    );
    return user;
  }
}
