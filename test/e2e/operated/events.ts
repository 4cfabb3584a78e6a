import { defineEvent } from '../../../lib/runtime.ts';
import { z } from 'zod';

const schema = z.object({ note: z.string() });

export const ParcelSent = defineEvent('parcel.sent', { aggregateType: 'parcel', schema });
export const ParcelLost = defineEvent('parcel.lost', { aggregateType: 'parcel', schema });
