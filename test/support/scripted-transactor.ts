import type { TransactItem, TransactionResult, Transactor } from '../../lib/dynamodb/actions.ts';

export interface ScriptedTransactor extends Transactor {
  /** What was sent, call by call. */
  readonly sent: { readonly actions: readonly TransactItem[]; readonly token: string }[];
}

/** Takes the place of the database's answer to one call, counted from 1; `undefined` lets the call through. */
export type Script = (call: number) => TransactionResult | Error | undefined;

/** A database that answers some calls as a test wants it to. */
export function scripted(script: Script, database: Transactor = empty): ScriptedTransactor {
  const sent: ScriptedTransactor['sent'] = [];
  return {
    ...database,
    sent,
    transact: async (actions, token) => {
      sent.push({ actions, token });
      const answer = script(sent.length);
      if (answer instanceof Error) throw answer;
      return answer ?? (await database.transact(actions, token));
    },
  };
}

/** A database that loses its answers to the first `calls` calls: it did what they ask, and says it is busy. */
export function losingAnswers(calls: number, database: Transactor): ScriptedTransactor {
  const sent: ScriptedTransactor['sent'] = [];
  return {
    ...database,
    sent,
    transact: async (actions, token) => {
      sent.push({ actions, token });
      const result = await database.transact(actions, token);
      return sent.length > calls
        ? result
        : { status: 'busy', code: 'TransactionInProgressException' };
    },
  };
}

/** The answer to a transaction that was cancelled for these reasons, one per action. */
export function cancelledFor(...codes: string[]): TransactionResult {
  return {
    status: 'cancelled',
    reasons: codes.map((code) => ({ code })),
    cause: new Error('cancelled'),
  };
}

const empty: Transactor = {
  transact: () => Promise.resolve({ status: 'committed' }),
  write: () => Promise.resolve({ status: 'committed' }),
  get: () => Promise.resolve(undefined),
};
