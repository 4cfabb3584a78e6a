import { defineEvent } from '../../../lib/runtime.ts';
import { z } from 'zod';

const schema = z.object({ note: z.string() });

export const ParcelSent = defineEvent('parcel.sent', { aggregate: 'parcel', schema });
export const ParcelLost = defineEvent('parcel.lost', { aggregate: 'parcel', schema });
