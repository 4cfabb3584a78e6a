import { expect, it } from 'vitest';

import { xRayHeaderOf } from '../../../lib/delivery/destinations/client.ts';
import { traceFrom } from '../../../lib/events/trace.ts';

const traceparent = '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01';
const header = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';

it('a trace in the header of X-Ray is the trace that is read from it', () => {
  expect(xRayHeaderOf(traceparent)).toBe(header);
  expect(traceFrom({ _X_AMZN_TRACE_ID: header })(undefined)).toEqual({ traceparent });
});

it.each([
  ['00', '0'],
  ['01', '1'],
  ['02', '0'],
  ['03', '1'],
])('flags %s say sampled %s', (flags, sampled) => {
  expect(xRayHeaderOf(traceparent.replace(/01$/, flags))).toBe(
    header.replace('Sampled=1', `Sampled=${sampled}`),
  );
});

it('of a later version of traceparent the known part counts', () => {
  expect(xRayHeaderOf(`cc${traceparent.slice(2)}-more`)).toBe(header);
});

it.each([undefined, '', 'nonsense', `00-${'0'.repeat(32)}-53995c3f42cd8ad8-01`])(
  'what is no traceparent has no header: %o',
  (value) => {
    expect(xRayHeaderOf(value)).toBeUndefined();
  },
);
