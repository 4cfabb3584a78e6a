import type { DestinationConfig } from '../../core/environment.ts';
import { attributesOf, type QueueAttributes } from '../aws/queues.ts';
import { isMissing } from '../aws/failure.ts';
import type { Session } from '../session.ts';
import { orWell, problem, warning, type Finding } from './finding.ts';

/** The queue is there, keeps order where it should, and puts aside what nobody can handle. */
export async function checkQueue(
  destination: DestinationConfig,
  { clients }: Session,
): Promise<Finding[]> {
  try {
    return judgeQueue(destination, await attributesOf(destination.target, clients));
  } catch (error) {
    if (!isMissing(error)) throw error;
    return [
      problem(
        `queue ${destination.name}`,
        `there is no queue ${destination.target}`,
        'deploy the queue, or give the Outbox another destination',
      ),
    ];
  }
}

function judgeQueue({ name, ordered }: DestinationConfig, attributes: QueueAttributes): Finding[] {
  const about = `queue ${name}`;
  const isFifo = attributes['FifoQueue'] === 'true';
  const findings = [
    ...(isFifo === ordered
      ? []
      : [
          problem(
            about,
            `the relay takes it for ${ordered ? 'a FIFO' : 'a standard'} queue, and it is none`,
            'deploy the stack of the Outbox again',
          ),
        ]),
    ...(attributes['RedrivePolicy'] === undefined
      ? [
          warning(
            about,
            'it has no dead-letter queue: what its consumer cannot handle comes again until it expires',
            'give it one; the Inbox construct does',
          ),
        ]
      : []),
  ];
  return orWell(findings, about, 'is there');
}
