import type { Action } from '../dynamodb/transactor.ts';

/**
 * What an inbox itself commits with a handler's effects. Its conditions make sure that they happen once, and
 * in the message's turn.
 */
export interface Guard {
  /** At least one. They come last in the transaction. */
  readonly actions: readonly Action[];
  /**
   * Actions of the transaction that are kept for it, more than it may have this time: so that a handler has the same
   * room each time.
   *
   * @default - as many as it has
   */
  readonly room?: number;
  /**
   * Asked where nothing was committed: was the guard in the way?
   *
   * @param hasFailed whether a condition of its own failed. Where not, it may still not hold: DynamoDB need not
   * report every failed condition.
   */
  judge(hasFailed: boolean): Promise<Judgement>;
}

/** What a guard finds where nothing was committed. */
export type Judgement =
  /** It was not in the way: a condition of the handler's own failed. */
  | { readonly status: 'holds' }
  /** The message was handled before. */
  | { readonly status: 'duplicate' }
  /** It is not known whether it is the message's turn: let it come again. */
  | { readonly status: 'in-hand' }
  /** Something beside it changed: the same effects may be tried with this one. */
  | { readonly status: 'renewed'; readonly guard: Guard };

/** Two guards in one transaction: both must hold. The first is asked first. */
export function bothGuards(first: Guard, second: Guard): Guard {
  const actions = [...first.actions, ...second.actions];
  return {
    actions,
    room: Math.max(actions.length, first.room ?? 0, second.room ?? 0),
    judge: async () => {
      // Whose condition it was is not known here: each is to look.
      const judgements = [await first.judge(false), await second.judge(false)] as const;
      const [ofFirst, ofSecond] = judgements;
      const refusal = judgements.find(({ status }) => status !== 'holds' && status !== 'renewed');
      if (refusal !== undefined) return refusal;
      const isRenewed = judgements.some(({ status }) => status === 'renewed');
      return isRenewed
        ? {
            status: 'renewed',
            guard: bothGuards(renewedOr(first, ofFirst), renewedOr(second, ofSecond)),
          }
        : { status: 'holds' };
    },
  };
}

function renewedOr(guard: Guard, judgement: Judgement): Guard {
  return judgement.status === 'renewed' ? judgement.guard : guard;
}
