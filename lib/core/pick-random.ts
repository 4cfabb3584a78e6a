import type { Random } from './ports.ts';

/** So many of the items, each as likely as any other; all of them where there are no more. */
export function pickRandom<T>(items: readonly T[], count: number, random: Random): T[] {
  const left = [...items];
  const picked: T[] = [];
  while (picked.length < count && left.length > 0) {
    picked.push(...left.splice(Math.floor(random() * left.length), 1));
  }
  return picked;
}
