import {
  ListEventSourceMappingsCommand,
  type EventSourceMappingConfiguration,
} from '@aws-sdk/client-lambda';

import type { Clients } from './clients.ts';

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
