import type { IConstruct } from 'constructs';

import { fail } from './check.ts';

/** What a construct can have only one of, and why. */
export interface Claim {
  /** What is claimed: `outbox`, `inbox`. Part of the construct's metadata in the cloud assembly. */
  readonly name: string;
  readonly owner: IConstruct;
  /** Why there can be only one, and what to do instead. */
  readonly reason: string;
}

/** Claims `construct` for an owner; fails if another owner has it. Claiming again changes nothing. */
export function claim(construct: IConstruct, { name, owner, reason }: Claim): void {
  const type = `cdk-outbox:${name}`;
  const holder = construct.node.metadata.find((entry) => entry.type === type)?.data as
    string | undefined;
  if (holder === undefined) construct.node.addMetadata(type, owner.node.path);
  else if (holder !== owner.node.path) {
    fail(owner, `${construct.node.path} belongs to ${holder} already: ${reason}`);
  }
}
