/**
 * Whether a queue's policy lets a service send to it on behalf of a resource.
 *
 * Reads Allow statements with the conditions that AWS's own tools write; another condition counts as met.
 */
export function letsSend(
  policyJson: string | undefined,
  { service, sourceArn }: { service: string; sourceArn: string },
): boolean {
  if (policyJson === undefined || policyJson === '') return false;
  const { Statement = [] } = JSON.parse(policyJson) as { Statement?: Statement | Statement[] };
  return [Statement].flat().some((statement) => {
    const isAllow = statement.Effect === 'Allow';
    return (
      isAllow && isOf(statement, service) && isSending(statement) && isFor(statement, sourceArn)
    );
  });
}

interface Statement {
  readonly Effect?: string;
  readonly Principal?: string | { readonly Service?: string | string[]; readonly AWS?: unknown };
  readonly Action?: string | string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;
}

function isOf({ Principal: principal = '' }: Statement, service: string): boolean {
  if (typeof principal === 'string') return principal === '*';
  return [principal.Service ?? []].flat().includes(service) || principal.AWS === '*';
}

function isSending({ Action: action = [] }: Statement): boolean {
  const names = [action].flat().map((name) => name.toLowerCase());
  return names.some((name) => ['*', 'sqs:*', 'sqs:sendmessage', 'sqs:send*'].includes(name));
}

function isFor({ Condition: condition = {} }: Statement, sourceArn: string): boolean {
  const asked = Object.values(condition).flatMap((test) =>
    Object.entries(test).filter(([name]) => name.toLowerCase() === 'aws:sourcearn'),
  );
  return asked.every(([, arns]) => [arns].flat().some((arn) => isLike(sourceArn, arn)));
}

/** Whether an ARN is like one with `*` and `?` in it. */
function isLike(arn: string, pattern: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(arn);
}
