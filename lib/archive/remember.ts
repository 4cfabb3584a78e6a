/** Answers with what is remembered under a key, or else asks, and remembers the answer. */
export type Remember<T> = (key: string, ask: () => Promise<T>) => Promise<T>;

/**
 * Remembers the last answers, `size` of them at the most, also for who asks while an answer is on its way.
 * What failed is not remembered.
 */
export function rememberLast<T>(size: number): Remember<T> {
  const answers = new Map<string, Promise<T>>();
  return (key, ask) => {
    const answer = answers.get(key) ?? ask();
    // Put in again, so that the one asked for longest ago comes first.
    answers.delete(key);
    answers.set(key, answer);
    const [oldest] = answers.keys();
    if (answers.size > size && oldest !== undefined) answers.delete(oldest);
    answer.catch(() => answers.delete(key));
    return answer;
  };
}
