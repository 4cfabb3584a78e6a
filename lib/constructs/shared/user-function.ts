import { Annotations, Duration, Stack, Token } from 'aws-cdk-lib';
import {
  RuntimeFamily,
  type CfnFunction,
  type Function,
  type IFunction,
} from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';

import { limits } from '../../core/limits.ts';
import { minimumNodeMajor } from '../../core/node-version.ts';
import { fail, checkPlace } from './check.ts';

/** A function that a prop was given, and what it becomes. */
export interface UserFunctionProps {
  /** What it is to the user: the name of the prop, or `grantee`. */
  readonly role: string;
  readonly function: IFunction;
  readonly environment: Readonly<Record<string, string>>;
  /** What to do with a function that the app does not define. */
  readonly imported: string;
}

/**
 * Sets variables on the function, or on that behind an alias or a version.
 *
 * Fails on a function of another account or region, on one that the app does not define, and on a Node.js that
 * `cdk-outbox/runtime` does not run on.
 */
export function configureFunction(scope: IConstruct, props: UserFunctionProps): Function {
  const { role, environment } = props;
  checkPlace(scope, {
    what: `${role} ${props.function.node.path}`,
    resource: props.function,
    next: 'define the function in a stack of the same account and region',
  });
  const own = ownFunction(props.function);
  if (own === undefined) {
    const variables = Object.keys(environment).join(', ');
    fail(
      scope,
      `${role} ${props.function.node.path} is imported, so its environment cannot be set (${variables}): ${props.imported}`,
    );
  }
  checkNode(scope, role, own);
  for (const [name, value] of Object.entries(environment)) own.addEnvironment(name, value);
  checkEnvironmentSize(own);
  return own;
}

/** The function itself, or that behind an alias or a version; `undefined` where the app does not define it. */
function ownFunction(given: IFunction): Function | undefined {
  // Told by what it can do, which also holds across two copies of the CDK.
  if ('addEnvironment' in given) return given as Function;
  return 'lambda' in given ? ownFunction(given.lambda as IFunction) : undefined;
}

/** How long a function may run; as long as any may where that is not known. */
export function timeoutOf(given: IFunction): Duration {
  const own: Partial<Function> = ownFunction(given) ?? {};
  if (!('timeout' in own)) return longestTimeout;
  const { timeout = Duration.seconds(3) } = own;
  return timeout.isUnresolved() ? longestTimeout : timeout;
}

const longestTimeout = Duration.minutes(15);

/** A `NodejsFunction` of an app without CDK's feature flags gets Node.js 16. */
function checkNode(
  scope: IConstruct,
  role: string,
  { node, runtime }: Pick<Function, 'node'> & Partial<Pick<Function, 'runtime'>>,
): void {
  if (runtime?.family !== RuntimeFamily.NODEJS || Token.isUnresolved(runtime.name)) return;
  const [, major] = /^nodejs(\d+)/.exec(runtime.name) ?? [];
  if (major === undefined || Number(major) >= minimumNodeMajor) return;
  fail(
    scope,
    `${role} ${node.path} runs on ${runtime.name}, and cdk-outbox/runtime needs Node.js ${minimumNodeMajor} or later: set runtime: Runtime.NODEJS_24_X on the function`,
  );
}

const checked = new WeakSet<IConstruct>();

/** Bytes that a reference is taken to become, such as the name of a table. */
const referenceBytes = 64;

/**
 * Fails at synthesis if the variables that are known take more bytes than Lambda allows; warns if they do with what
 * is known only at deployment.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export function checkEnvironmentSize(fn: Function): void {
  const resource = fn.node.defaultChild as CfnFunction | undefined;
  if (resource === undefined || checked.has(fn)) return;
  checked.add(fn);
  const most = limits.lambda.maxEnvironmentBytes;
  const next =
    'shorten the longest variable; for OUTBOX_ACCEPTS and OUTBOX_DESTINATIONS use fewer types, or prefixes such as order.*';
  fn.node.addValidation({
    validate: () => {
      const { variables = {} } = (Stack.of(fn).resolve(resource.environment) ?? {}) as {
        variables?: Record<string, unknown>;
      };
      const sizes = Object.entries(variables).map(([name, value]) => {
        const { known, references } = measure(value);
        const bytes = Buffer.byteLength(name) + known;
        return { name, bytes, estimate: bytes + references * referenceBytes };
      });
      const sum = (of: 'bytes' | 'estimate'): number =>
        sizes.reduce((total, size) => total + size[of], 0);
      const [longest] = sizes.toSorted((a, b) => b.bytes - a.bytes);
      const about = `the environment of function ${fn.node.path} takes`;
      const rest = `and Lambda allows ${most} (longest: ${longest?.name ?? ''}): ${next}`;
      if (sum('bytes') > most) return [`${about} ${sum('bytes')} bytes, ${rest}`];
      if (sum('estimate') > most) {
        Annotations.of(fn).addWarningV2(
          'cdk-outbox:environmentSize',
          `${about} about ${sum('estimate')} bytes when deployed, ${rest}`,
        );
      }
      return [];
    },
  });
}

/** The bytes of a resolved value that are known, and how many references it has. */
function measure(value: unknown): { known: number; references: number } {
  if (typeof value === 'string') return { known: Buffer.byteLength(value), references: 0 };
  const join = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  if (join === undefined) return { known: 0, references: 1 };
  const parts = join[1].map(measure);
  return {
    known: parts.reduce((sum, { known }) => sum + known, 0),
    references: parts.reduce((sum, { references }) => sum + references, 0),
  };
}
