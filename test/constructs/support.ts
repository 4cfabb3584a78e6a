import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

import { functionsContext } from '../../lib/constructs/shared/package-function.ts';

const recommended = createRequire(import.meta.url)(
  'aws-cdk-lib/recommended-feature-flags.json',
) as Record<string, unknown>;

/** The feature flags that the templates are checked under. */
export const flagSets: [name: string, flags: Record<string, unknown>][] = [
  ['no feature flags', {}],
  ['all recommended feature flags', recommended],
];

const placeholders = placeholderBundles(['relay', 'sweeper', 'inbox-gaps', 'archiver']);

/** An app whose function bundles are placeholders: synthesis needs no build. */
export function testApp(flags: Record<string, unknown> = {}): App {
  return new App({ context: { ...flags, [functionsContext]: placeholders } });
}

export function testStack(flags: Record<string, unknown> = {}): Stack {
  return new Stack(testApp(flags), 'Orders');
}

/** A function of the user's. */
export function userFunction(scope: Construct, id: string): Function {
  return new Function(scope, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {}'),
  });
}

function placeholderBundles(names: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-outbox-bundles-'));
  for (const name of names) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'index.mjs'), 'export const handler = async () => {};\n');
  }
  return directory;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
}

/** Logical ids by type of resource, for types that must not be replaced by accident. */
export function logicalIds(stack: Stack, types: readonly string[]): string[] {
  const resources = Object.entries(resourcesOf(stack));
  return resources
    .filter(([, { Type }]) => types.includes(Type))
    .map(([id]) => id)
    .sort();
}

/** The environment of the function with this logical id prefix, tokens as they are in the template. */
export function environmentOf(stack: Stack, idPrefix: string): Record<string, unknown> {
  const [, fn] = only(stack, 'AWS::Lambda::Function', idPrefix);
  const { Variables } = fn.Properties['Environment'] as { Variables: Record<string, unknown> };
  return Variables;
}

/** The one resource of a type whose logical id starts like that: its properties. */
export function propertiesOf(
  stack: Stack,
  type: string,
  idPrefix: string,
): Record<string, unknown> {
  return only(stack, type, idPrefix)[1].Properties;
}

/**
 * What the roles' policies with this logical id prefix allow, as `action on resource`, one by one and sorted:
 * the same however the statements were merged.
 */
export function permissionsOf(stack: Stack, idPrefix: string): string[] {
  const [, policy] = only(stack, 'AWS::IAM::Policy', idPrefix);
  const document = policy.Properties['PolicyDocument'] as { Statement: Statement[] };
  const permissions = document.Statement.flatMap(({ Action, Resource }) =>
    [Action].flat().flatMap((action) => [Resource].flat().map((on) => `${action} on ${text(on)}`)),
  );
  return [...new Set(permissions)].sort();
}

function only(stack: Stack, type: string, idPrefix: string): [id: string, resource: Resource] {
  const found = Object.entries(resourcesOf(stack)).filter(
    ([id, resource]) => resource.Type === type && id.startsWith(idPrefix),
  );
  const [first, ...more] = found;
  if (first === undefined || more.length > 0) {
    throw new Error(
      `${found.length} of ${type} start with ${idPrefix}: ${found.map(([id]) => id).join()}`,
    );
  }
  return first;
}

function resourcesOf(stack: Stack): Record<string, Resource> {
  return Template.fromStack(stack).toJSON()['Resources'] as Record<string, Resource>;
}

/** `Fn::GetAtt` as `Id.Attribute`, `Ref` as `Id`, a join as the text that it makes; ids without their hash. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument]] = Object.entries(value as object) as [[string, unknown]];
  if (name === 'Ref') return withoutHash(String(argument));
  if (name === 'Fn::GetAtt') {
    const [id, attribute] = argument as [string, string];
    return `${withoutHash(id)}.${attribute}`;
  }
  if (name === 'Fn::Join') return (argument as [string, unknown[]])[1].map(text).join('');
  return JSON.stringify(value);
}

function withoutHash(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, '');
}
