import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';

import type { World } from '../context.ts';
import type { Clients } from './clients.ts';
import { explain } from './failure.ts';

/** Who does this, for the record: as AWS knows the caller, else the name of who is logged in. */
export async function whoIsIt({ sts }: Pick<Clients, 'sts'>, world: World): Promise<string> {
  const { user = 'unknown', terminal } = world;
  try {
    const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
    return Arn ?? user;
  } catch (error) {
    terminal.note(
      `The record will say that ${user} did it; AWS did not say who you are: ${explain(error)}\n`,
    );
    return user;
  }
}
