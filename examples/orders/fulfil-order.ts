import { createSaga } from 'cdk-outbox/runtime';

import { fulfilment } from './fulfilment.ts';

/** Sees orders through. */
export const handler = createSaga(fulfilment);
