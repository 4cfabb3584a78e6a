import { Death } from './mortal.ts';

export interface Dying {
  /** A port whose calls count towards the one death. */
  of<T extends object>(port: T): T;
  /** Whether it came to the call at which it dies. */
  readonly isDead: () => boolean;
}

/**
 * A process that dies at a call to any of its ports, counted from 1, before or after the call takes effect. From
 * then on each call throws and does nothing.
 */
export function dyingAt(call: number, { afterTheCall }: { afterTheCall: boolean }): Dying {
  let calls = 0;
  let isDead = false;
  const die = (): never => {
    isDead = true;
    throw new Death('the process is dead');
  };
  const live = async (work: () => unknown): Promise<unknown> => {
    if (isDead) return die();
    const isLast = ++calls === call;
    if (isLast && !afterTheCall) return die();
    const result = await work();
    return isLast ? die() : result;
  };
  const wrap = (method: (...args: unknown[]) => unknown, of: unknown) => {
    return (...args: unknown[]): unknown => {
      const list = method.constructor.name === 'AsyncGeneratorFunction';
      return list
        ? liveList(method.apply(of, args) as AsyncIterable<unknown>, live)
        : live(() => method.apply(of, args));
    };
  };
  return {
    of: (port) =>
      Object.fromEntries(
        Object.entries(port).map(([name, value]: [string, unknown]) => [
          name,
          typeof value === 'function' ? wrap(value as never, port) : value,
        ]),
      ) as typeof port,
    isDead: () => isDead,
  };
}

async function* liveList(
  list: AsyncIterable<unknown>,
  live: (work: () => unknown) => Promise<unknown>,
): AsyncGenerator {
  const items = list[Symbol.asyncIterator]();
  for (;;) {
    const next = (await live(() => items.next())) as IteratorResult<unknown>;
    if (next.done === true) return;
    yield next.value;
  }
}
