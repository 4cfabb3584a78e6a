import type { Page } from '../../table/keys.ts';
import type { ReplayNote, ReplayRequest } from '../../table/replay.ts';
import type { DeliveryError } from '../../table/waiting.ts';
import { runReplay, type ReplayPorts } from '../../operate/run.ts';
import type { RefusedEntry } from '../../operate/replay-send.ts';
import type { Progress } from '../view/progress.ts';

/** What a run of a replay came to. */
export interface ReplayResult {
  readonly sent: number;
  /** What a destination will never take. */
  readonly refused: readonly RefusedEntry[];
  /** Pages that had expired before they were read. */
  readonly expiredPages: number;
  /** Where and why it ended before its end. */
  readonly stoppedBy?: { readonly page: Page; readonly error: DeliveryError | 'taken over' };
}

/** Runs a replay to its end, or to where it cannot go on. */
export async function replayAll(
  request: ReplayRequest,
  note: ReplayNote,
  { ports, progress }: { ports: ReplayPorts; progress: Progress },
): Promise<ReplayResult> {
  let sent = 0;
  let expiredPages = 0;
  const refused: RefusedEntry[] = [];
  for await (const page of runReplay(request, note, ports)) {
    sent += page.sent;
    refused.push(...page.refused);
    expiredPages += page.isExpired ? 1 : 0;
    progress.advance(page.sent);
    if (page.stoppedBy === undefined) continue;
    return { sent, refused, expiredPages, stoppedBy: { page: page.page, error: page.stoppedBy } };
  }
  return { sent, refused, expiredPages };
}
