import type { Clock } from '../../core/ports.ts';
import { isTraceparent } from '../../table/message.ts';

/**
 * Settings of every destination's client. It makes each call once: publishing repeats what is worth repeating, and
 * does not repeat at once what timed out.
 */
export const clientSettings = {
  maxAttempts: 1,
  // Without throwOnRequestTimeout the SDK only warns of a time-out. The time-out itself is given with each call.
  requestHandler: { connectionTimeout: 1_000, throwOnRequestTimeout: true },
} as const;

/**
 * The region of a destination, as its ARN or its queue's URL names it; of a name or a local URL it is the function's.
 * The client calls that region, and signs for it.
 */
export function regionOf(target: string): { region?: string } {
  const [, ofArn] = /^arn:[^:]+:[^:]+:([a-z0-9-]+):/.exec(target) ?? [];
  const [, ofUrl] = /^https:\/\/sqs\.([a-z0-9-]+)\.amazonaws\.com/.exec(target) ?? [];
  const region = ofArn ?? ofUrl;
  return region === undefined ? {} : { region };
}

const timeoutMs = { first: 3_000, second: 6_000, most: 12_000 };
/** How long a time-out that has grown is kept without another one. */
const keptMs = 10 * 60_000;
/** For how long an answer within the first time-out shows that the destination is not slow. */
const promptMs = 2 * 60_000;

/** Makes a call with the time-out that it is to have, cut to `maxMs`. */
export type WithTimeout = <T>(
  maxMs: number,
  send: (options: { readonly requestTimeout: number }) => Promise<T>,
) => Promise<T>;

/**
 * Time-outs for the calls to one destination: three seconds, doubled with each call that ran into its time-out, up to
 * twelve. A destination that answers slowly is then not sent the same entries again and again. Back at three
 * seconds after ten minutes without a time-out.
 *
 * An answer within three seconds shows that it is not the destination that is slow, but a few entries that get no
 * answer. Then the time-out is back at three seconds, and for two minutes no longer than six: such entries must not
 * take the time of all others.
 */
export function growingTimeout({ clock }: { readonly clock: Pick<Clock, 'now'> }): WithTimeout {
  let nextMs = timeoutMs.first;
  let grownAt = Number.NEGATIVE_INFINITY;
  let promptAt = Number.NEGATIVE_INFINITY;
  return async (maxMs, send) => {
    const startedAt = clock.now();
    if (startedAt - grownAt > keptMs) nextMs = timeoutMs.first;
    const isPrompt = startedAt - promptAt <= promptMs;
    const requestTimeout = Math.min(nextMs, isPrompt ? timeoutMs.second : timeoutMs.most);
    try {
      const answer = await send({ requestTimeout: Math.min(requestTimeout, maxMs) });
      const now = clock.now();
      if (now - startedAt <= timeoutMs.first) {
        promptAt = now;
        nextMs = timeoutMs.first;
      }
      return answer;
    } catch (error) {
      const wasPromptMeanwhile = promptAt > startedAt;
      if (error instanceof Error && error.name === 'TimeoutError' && !wasPromptMeanwhile) {
        nextMs = Math.min(requestTimeout * 2, timeoutMs.most);
        grownAt = clock.now();
      }
      throw error;
    }
  };
}

/**
 * A `traceparent` as X-Ray's trace header, 74 characters; `undefined` where it is none.
 *
 * X-Ray takes ids of W3C traces as they are, split after eight digits:
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html
 */
export function xRayHeaderOf(traceparent = ''): string | undefined {
  if (!isTraceparent(traceparent)) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1;
  const root = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
  return `Root=${root};Parent=${spanId};Sampled=${isSampled ? 1 : 0}`;
}
