import { problemWithEntry, type Entry, type Row } from '../table/entry.ts';
import { isInvalidRow, type DeliveryError, type Waiting } from '../table/waiting.ts';

/** Whether a claimed row may be attempted: the entry that it holds, or what keeps it from ever being delivered. */
export type Fitness = { readonly entry: Entry } | { readonly error: DeliveryError };

export function fitnessOf(row: Waiting, maxAttempts: number): Fitness {
  const { entry } = row;
  const error = exhaustion(row, maxAttempts) ?? problemOf(row);
  if (error !== undefined) return { error };
  return isInvalidRow(entry) ? { error: noEntry } : { entry };
}

const noEntry: DeliveryError = { code: 'ENTRY_INVALID', message: 'the row holds no valid entry' };

/** Anyone who may write to the table can write nonsense; it must not stop what is due beside it. */
function problemOf({ entry, error }: Waiting): DeliveryError | undefined {
  if (isInvalidRow(entry)) return error ?? noEntry;
  const problem = problemWithEntry(entry as unknown as Row);
  return problem === undefined ? undefined : { ...noEntry, message: problem };
}

/** An attempt that was started counts though nobody answered it: else what kills its sweeper would do so for ever. */
function exhaustion(
  { attempts, unanswered = 0, error }: Waiting,
  maxAttempts: number,
): DeliveryError | undefined {
  // The claim has counted the attempt that would come now, in both.
  const started = attempts - 1;
  if (started < maxAttempts) return undefined;
  return unanswered > 1 || error === undefined ? noAnswer(started) : error;
}

function noAnswer(started: number): DeliveryError {
  return {
    code: 'ATTEMPTS_UNANSWERED',
    message: `${started} attempts were started, and whoever made the last one stopped in the middle of it`,
  };
}
