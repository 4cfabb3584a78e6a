import { isTraceparent } from '../../table/trace-context.ts';

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
