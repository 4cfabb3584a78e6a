import { explain, isDenied } from './failure.ts';

/** What was looked at; or why the caller may not. */
export type Looked<T> =
  | { readonly status: 'seen'; readonly value: T }
  | { readonly status: 'unseen'; readonly why: string };

/** Looks at something that the caller may not be allowed to see. Throws what else goes wrong. */
export async function tryToSee<T>(look: () => Promise<T>): Promise<Looked<T>> {
  try {
    return { status: 'seen', value: await look() };
  } catch (error) {
    if (isDenied(error)) return { status: 'unseen', why: explain(error) };
    throw error;
  }
}
