import { createSaga, sagaFrom } from 'cdk-outbox/runtime';

import { fulfilment } from './fulfilment.ts';

/** Sees orders through. */
export const handler = createSaga(fulfilment, sagaFrom(process.env));
