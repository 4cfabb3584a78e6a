import { printable } from '../view/printable.ts';
import type { Problem } from './check.ts';

/** Each problem with what mends it. */
export function renderProblems(problems: readonly Problem[]): string {
  return problems.map(renderProblem).join('\n');
}

function renderProblem({ type, version, path, problem, mend }: Problem): string {
  const place = path === undefined ? '' : `, ${path}`;
  return printable(`✗ ${type} version ${version}${place}: ${problem}`).concat(
    `\n    → ${printable(mend)}`,
  );
}
