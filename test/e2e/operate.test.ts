import { afterAll, beforeAll, describe } from 'vitest';

import { deployOperated, type Operated } from './operated/deploy.ts';
import { describeArchive } from './scenarios/archive.ts';
import { describeCrash } from './scenarios/crash.ts';
import { describeDeferral } from './scenarios/deferral.ts';
import { describeOutage } from './scenarios/outage.ts';
import { describePages } from './scenarios/pages.ts';
import { describeRefusal } from './scenarios/refusal.ts';
import { describeReplay } from './scenarios/replay.ts';
import { describeTrigger } from './scenarios/trigger.ts';

let operated: Operated;
let remove = (): Promise<void> => Promise.resolve();

beforeAll(async () => {
  const deployment = await deployOperated();
  remove = deployment.remove;
  operated = await deployment.deployed;
}, 20 * 60_000);

afterAll(async () => {
  await remove();
}, 5 * 60_000);

/** After each trouble: what was committed is delivered, or waits where it is seen, and there is nothing else. */
describe('in trouble', { timeout: 15 * 60_000 }, () => {
  const deployed = (): Operated => operated;
  describeTrigger(deployed);
  describeRefusal(deployed);
  describeOutage(deployed);
  describeCrash(deployed);
  describeReplay(deployed);
  describeDeferral(deployed);
  describeArchive(deployed);
  describePages(deployed);
});
