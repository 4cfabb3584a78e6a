import { OutboxError } from '../../core/errors.ts';
import { didYouMean, findNamed } from '../names.ts';
import type { Clients } from './clients.ts';
import { functionsOf } from './find-outbox.ts';
import { listFunctions } from './functions.ts';
import { readStack } from './stack.ts';

type SagaServices = Pick<Clients, 'cloudformation' | 'lambda'>;

/** A saga as it was found in an account. */
export interface SagaPlace {
  /** The name of its inbox. */
  readonly name: string;
  /** The name of its definition. */
  readonly sagaName: string;
  readonly handler: string;
  readonly tableName: string;
}

/** The sagas of a stack, or of the region, by name. */
export async function listSagas(
  stackName: string | undefined,
  clients: SagaServices,
): Promise<SagaPlace[]> {
  const functions = await (stackName === undefined
    ? listFunctions(clients)
    : readStack(stackName, clients).then((stack) => functionsOf(stack, clients)));
  return functions
    .flatMap(({ name: handler, environment }) => {
      const { SAGA_NAME: sagaName, SAGA_TABLE: tableName, INBOX_NAME: name } = environment;
      if (sagaName === undefined || tableName === undefined || name === undefined) return [];
      return [{ name, sagaName, handler, tableName }];
    })
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/**
 * The saga of a name: its definition's, its inbox's, or the end of that.
 *
 * @throws OutboxError `OUTBOX_NOT_FOUND`, with the nearest name; `OUTBOX_AMBIGUOUS`, with all of them
 */
export async function findSaga(
  named: string,
  stackName: string | undefined,
  clients: SagaServices,
): Promise<SagaPlace> {
  const sagas = await listSagas(stackName, clients);
  const [saga, ...others] = findNamed(named, sagas, ({ name, sagaName }) => [name, sagaName]);
  if (saga === undefined) throw sagaNotFound(named, sagas);
  if (others.length > 0) throw sagaAmbiguous(named, [saga, ...others]);
  return saga;
}

function sagaNotFound(named: string, sagas: readonly SagaPlace[]): OutboxError {
  const names = sagas.flatMap(({ name, sagaName }) => [name, sagaName]);
  const known = names.length === 0 ? 'There is none here.' : `There are ${names.join(', ')}.`;
  return new OutboxError(
    'OUTBOX_NOT_FOUND',
    `there is no saga ${named}.${didYouMean(named, names)} ${known}`,
    { facts: { saga: named, found: names } },
  );
}

function sagaAmbiguous(named: string, found: readonly SagaPlace[]): OutboxError {
  const names = found.map(({ name, handler }) => `${name} (handled by ${handler})`);
  return new OutboxError(
    'OUTBOX_AMBIGUOUS',
    `there are ${found.length} sagas ${named}: ${names.join(', ')}. Say which by its whole name, or its stack with --stack`,
    { facts: { saga: named, found: names } },
  );
}
