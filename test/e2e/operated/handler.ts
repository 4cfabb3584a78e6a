import { createInbox, reject } from '../../../lib/runtime.ts';
import { ParcelLost, ParcelSent } from './events.ts';

/** Handles every parcel that was sent, and no parcel that was lost. */
export const handler = createInbox()
  .on(ParcelSent, () => undefined)
  .on(ParcelLost, () => {
    reject('nobody knows where it is');
  });
