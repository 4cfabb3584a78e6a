import type { Outgoing, Reply } from '../destination.ts';

/** What SendMessageBatch and PublishBatch answer, as far as it matters here. */
export interface BatchAnswer {
  readonly Successful?: readonly { readonly Id?: string | undefined }[] | undefined;
  readonly Failed?: readonly BatchFailure[] | undefined;
}

interface BatchFailure {
  readonly Id?: string | undefined;
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
  readonly SenderFault?: boolean | undefined;
}

/** The id of an entry within its call: its place. */
export function batchId(index: number): string {
  return String(index);
}

/** The replies in the order of the call. Answers come in any order, and an entry may be missing from them. */
export function readBatch(
  outgoing: readonly Outgoing[],
  { Successful: successful = [], Failed: failed = [] }: BatchAnswer,
): (Reply | undefined)[] {
  const accepted = successful.map(({ Id }) => [Id, { status: 'accepted' }] as const);
  const refused = failed.map((failure) => [failure.Id, toRefusal(failure)] as const);
  const replies = new Map<string | undefined, Reply>([...accepted, ...refused]);
  return outgoing.map((_, index) => replies.get(batchId(index)));
}

function toRefusal({ Code, Message, SenderFault }: BatchFailure): Reply {
  return {
    status: 'refused',
    code: Code ?? 'UNKNOWN',
    message: Message ?? '',
    senderFault: SenderFault ?? false,
  };
}
