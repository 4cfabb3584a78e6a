import { Annotations, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

import { fail } from './check.ts';

/** Something that must be where a construct is. */
export interface PlaceCheck {
  /** What it is: `table Orders/Table`. */
  readonly what: string;
  readonly resource: { readonly env: { readonly account: string; readonly region: string } };
  /** What to do where it is somewhere else. */
  readonly next: string;
  /** @default - both must be the same */
  readonly only?: 'region';
}

/**
 * Fails if something is known to be in another account or region than the construct's stack; warns if one of the two
 * is known and the other only at deployment.
 */
export function checkPlace(scope: IConstruct, { what, resource, next, only }: PlaceCheck): void {
  const stack = Stack.of(scope);
  const parts = only === undefined ? (['account', 'region'] as const) : [only];
  for (const part of parts) {
    const found = resource.env[part];
    const wanted = stack[part];
    const comparison = Token.compareStrings(found, wanted);
    if (comparison === TokenComparison.DIFFERENT) {
      fail(scope, `${what} is in ${part} ${found}, and must be in ${wanted}: ${next}`);
    }
    if (comparison !== TokenComparison.ONE_UNRESOLVED) continue;
    const known = Token.isUnresolved(found) ? wanted : found;
    Annotations.of(scope).addWarningV2(
      `cdk-outbox:${part}`,
      `${what} must be in the ${part} of ${scope.node.path}; only one of the two is known, ${known}: set env on the stack, and it is checked`,
    );
  }
}
