/** One line of the benchmark's table. */
export interface Figure {
  readonly what: string;
  readonly measured: number;
  readonly unit: string;
  /** The bound, and on which side of it the figure must be. None where a figure only informs. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number };
}

export function meetsTarget({ measured, target }: Figure): boolean {
  if (target === undefined) return true;
  return 'atMost' in target ? measured <= target.atMost : measured >= target.atLeast;
}

export function targetOf({ target }: Figure): string {
  if (target === undefined) return '';
  return 'atMost' in target ? `at most ${target.atMost}` : `at least ${target.atLeast}`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
