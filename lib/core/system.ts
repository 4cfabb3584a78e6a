import { setTimeout as delay } from 'node:timers/promises';

import { v7 } from 'uuid';

import type { Clock, NewId } from './ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms) => {
    await delay(ms);
  },
};

export const newId: NewId = (epochMs) => v7({ msecs: epochMs });
