import { Template } from 'aws-cdk-lib/assertions';
import type { Stack } from 'aws-cdk-lib';

/** A call to DynamoDB, as IAM sees it. */
export interface TableCall {
  /** Without the service: `PutItem`. */
  readonly action: string;
  readonly pk: string;
  /** Names of the attributes that the call mentions. */
  readonly attributes?: readonly string[];
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Patterns>>>>;
}

type Patterns = string | readonly string[];

/** Whether the role's policies of this logical id prefix allow a call to the table that they speak of. */
export function allows(stack: Stack, idPrefix: string, call: TableCall): boolean {
  return statementsOf(stack, idPrefix).some(
    ({ Effect, Action, Condition = {} }) =>
      Effect === 'Allow' &&
      [Action].flat().includes(`dynamodb:${call.action}`) &&
      Object.entries(Condition).every(([operator, keys]) => holds(operator, keys, call)),
  );
}

function statementsOf(stack: Stack, idPrefix: string): readonly Statement[] {
  const policies = Template.fromStack(stack).findResources('AWS::IAM::Policy');
  return Object.entries(policies)
    .filter(([id]) => id.startsWith(idPrefix))
    .flatMap(([, { Properties }]) => {
      const { PolicyDocument } = Properties as { PolicyDocument: { Statement: Statement[] } };
      return PolicyDocument.Statement;
    });
}

function holds(
  operator: string,
  keys: Readonly<Record<string, Patterns>>,
  { pk, attributes = [] }: TableCall,
): boolean {
  return Object.entries(keys).every(([key, patterns]) => {
    const values = { 'dynamodb:LeadingKeys': [pk], 'dynamodb:Attributes': attributes }[key];
    if (values === undefined) throw new Error(`condition key ${key} is not known here`);
    const matches = { 'ForAllValues:StringLike': isLike, 'ForAllValues:StringEquals': Object.is };
    const matcher = matches[operator as keyof typeof matches];
    return values.every((value) => [patterns].flat().some((pattern) => matcher(value, pattern)));
  });
}

/** `*` is any text, `?` any character, and `${*}` a star. */
function isLike(value: string, pattern: string): boolean {
  const source = pattern.replaceAll(/\$\{(.)\}|([*?])|[^\w]/g, (text, literal, wildcard) => {
    if (typeof literal === 'string') return `\\${literal}`;
    if (wildcard === '*') return '.*';
    return wildcard === '?' ? '.' : `\\${text}`;
  });
  return new RegExp(`^${source}$`, 's').test(value);
}
