import { permissions } from '../../lib/cli/permissions.ts';

/** Groups of actions that many commands share, by the name that the table gives them. */
const groups: Readonly<Record<string, readonly string[]>> = {
  find: without(permissions.sweep, ['lambda:InvokeFunction']),
  look: without(permissions.ls, permissions.sweep),
};

const meanings: Readonly<Record<string, string>> = {
  find: '*find* an outbox or an inbox',
  look: '*look* into its table',
};

/** The table of `docs/iam.md` that says which IAM actions each command uses. */
export function permissionsTable(): string {
  const rows = [
    ...Object.entries(groups).map(([name, actions]) => [meanings[name], code(actions)]),
    ...Object.entries(permissions).map(([name, actions]) => [`\`${name}\``, describe(actions)]),
  ];
  return [['to', 'IAM actions'], ['---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function describe(actions: readonly string[]): string {
  if (actions.length === 0) return 'none';
  const used = Object.entries(groups).filter(([, group]) =>
    group.every((action) => actions.includes(action)),
  );
  const others = without(
    actions,
    used.flatMap(([, group]) => group),
  );
  return [...used.map(([group]) => group), ...(others.length === 0 ? [] : [code(others)])].join(
    ', ',
  );
}

function without(actions: readonly string[], others: readonly string[]): string[] {
  return actions.filter((action) => !others.includes(action)).toSorted();
}

function code(actions: readonly string[]): string {
  return actions.map((action) => `\`${action}\``).join(', ');
}
