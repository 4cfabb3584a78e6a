import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** A construct's path below its stack: stable until it is moved or renamed, and the same in every stage. */
export function constructName(construct: IConstruct): string {
  return construct.node.path.slice(Stack.of(construct).node.path.length + 1);
}
