import type { PutEventsCommandInput } from '@aws-sdk/client-eventbridge';
import type { PublishBatchCommandInput } from '@aws-sdk/client-sns';
import type { SendMessageBatchCommandInput } from '@aws-sdk/client-sqs';

import type { DestinationConfig } from '../../lib/core/environment.ts';
import type { DestinationAdapter } from '../../lib/delivery/destination.ts';
import { createEventBusDestination } from '../../lib/delivery/destinations/event-bus.ts';
import { createQueueDestination } from '../../lib/delivery/destinations/queue.ts';
import { createTopicDestination } from '../../lib/delivery/destinations/topic.ts';

/** What a service makes of one message of a call; `silence`: its answer does not mention it. */
export type Verdict = 'accept' | 'silence' | { readonly code: string };

/** A service behind a stubbed client: a verdict for each event id of a call, in order; or it throws. */
export type Service = (eventIds: readonly string[]) => readonly Verdict[];

/** A destination on a service of the test's own, with the requests that its client was given. */
export interface Rigged<Request> {
  readonly destination: DestinationAdapter;
  readonly requests: readonly Request[];
}

/** One kind of destination, ready for the conformance suite. */
export interface Rig<Request = unknown> {
  readonly title: string;
  readonly config: DestinationConfig;
  open(service?: Service): Rigged<Request>;
}

export const acceptAll: Service = (ids) => ids.map(() => 'accept');

function configOf(
  kind: DestinationConfig['kind'],
  target: string,
  ordered: boolean,
): DestinationConfig {
  return { name: `my-${kind}`, kind, target, ordered, types: ['order.*'] };
}

/** A client that hands each command's input to `answer`, and remembers it. */
function stubClient<Request>(answer: (request: Request) => unknown): {
  client: { send: never };
  requests: Request[];
} {
  const requests: Request[] = [];
  const send = ({ input }: { input: Request }): Promise<unknown> => {
    requests.push(input);
    return Promise.resolve(answer(input));
  };
  // The SDK's own type of `send` is a pile of overloads that no stub can have.
  return { client: { send: send as never }, requests };
}

function idOf(json: string | undefined): string {
  return (JSON.parse(json ?? '{}') as { id: string }).id;
}

export const busRig: Rig<PutEventsCommandInput> = {
  title: 'an event bus',
  config: configOf('bus', 'orders-bus', false),
  open(service = acceptAll) {
    const { client, requests } = stubClient<PutEventsCommandInput>(({ Entries = [] }) => {
      const verdicts = service(Entries.map(({ Detail }) => idOf(Detail)));
      return {
        FailedEntryCount: verdicts.filter((verdict) => verdict !== 'accept').length,
        Entries: verdicts.map(toResult),
      };
    });
    return { destination: createEventBusDestination(busRig.config, client), requests };
  },
};

function toResult(verdict: Verdict): object {
  if (verdict === 'accept') return { EventId: 'id-of-the-bus' };
  if (verdict === 'silence') return {};
  return { ErrorCode: verdict.code, ErrorMessage: 'refused' };
}

export function queueRig(ordered: boolean): Rig<SendMessageBatchCommandInput> {
  const suffix = ordered ? '.fifo' : '';
  const config = configOf('queue', `https://sqs.local/1/orders${suffix}`, ordered);
  return {
    title: ordered ? 'a FIFO queue' : 'a standard queue',
    config,
    open(service = acceptAll) {
      const { client, requests } = stubClient<SendMessageBatchCommandInput>(({ Entries = [] }) =>
        toBatchAnswer(
          Entries.map(({ Id }) => Id),
          service(Entries.map(({ MessageBody }) => idOf(MessageBody))),
        ),
      );
      return { destination: createQueueDestination(config, client), requests };
    },
  };
}

export function topicRig(ordered: boolean): Rig<PublishBatchCommandInput> {
  const suffix = ordered ? '.fifo' : '';
  const config = configOf('topic', `arn:aws:sns:eu-west-1:1:orders${suffix}`, ordered);
  return {
    title: ordered ? 'a FIFO topic' : 'a standard topic',
    config,
    open(service = acceptAll) {
      const { client, requests } = stubClient<PublishBatchCommandInput>(
        ({ PublishBatchRequestEntries: entries = [] }) =>
          toBatchAnswer(
            entries.map(({ Id }) => Id),
            service(entries.map(({ Message }) => idOf(Message))),
          ),
      );
      return { destination: createTopicDestination(config, client), requests };
    },
  };
}

/** Answers in reverse: nothing promises the order of the request. */
function toBatchAnswer(
  batchIds: readonly (string | undefined)[],
  verdicts: readonly Verdict[],
): object {
  const answers = batchIds.map((Id, index) => ({ Id, verdict: verdicts[index] })).toReversed();
  return {
    Successful: answers.filter(({ verdict }) => verdict === 'accept'),
    Failed: answers.flatMap(({ Id, verdict }) =>
      typeof verdict === 'object'
        ? [{ Id, Code: verdict.code, Message: 'refused', SenderFault: true }]
        : [],
    ),
  };
}

export const rigs: readonly Rig[] = [
  busRig,
  queueRig(false),
  queueRig(true),
  topicRig(false),
  topicRig(true),
];
