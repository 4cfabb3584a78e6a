import type { DestinationAdapter } from '../../lib/delivery/destination.ts';
import type { SweepStore } from '../../lib/table/stores.ts';

/** A run of a function that may die at any of its calls to the world. */
export interface Mortal {
  readonly store: SweepStore;
  readonly destinations: readonly DestinationAdapter[];
  readonly isDead: () => boolean;
}

export interface Fate {
  /** The call at which it dies, counted from 1. @default - none */
  readonly diesAt?: number;
  /** Whether that call still takes effect. */
  readonly afterTheCall?: boolean;
  /** Entries that kill whoever sends them. */
  readonly killers?: ReadonlySet<string>;
  /** Passes before each call, so that others come in between. */
  readonly pause?: () => Promise<void>;
}

/** What a dead process meets at every call: nothing that it does after its death may have any effect. */
export class Death extends Error {
  override readonly name = 'Death';
}

/** A life that may end at any call to the world. */
export interface Life {
  /** Makes a call; throws instead, or after it, where the life ends. */
  readonly live: Live;
  readonly die: () => never;
  readonly isDead: () => boolean;
}

export function lifeOf(fate: Fate): Life {
  let calls = 0;
  let isDead = false;
  const hasDied = (): boolean => isDead;
  const die = (): never => {
    isDead = true;
    throw new Death('the process is dead');
  };
  const live = async <T>(call: () => Promise<T>): Promise<T> => {
    await fate.pause?.();
    if (isDead) return die();
    const isLast = ++calls === fate.diesAt;
    if (isLast && fate.afterTheCall !== true) return die();
    const result = await call();
    // A call may kill: what was under way at that moment has no one to come back to.
    return isLast || hasDied() ? die() : result;
  };
  return { live, die, isDead: hasDied };
}

/** The ports of one run. Once it died, each call throws and does nothing. */
export function mortal(
  ports: { store: SweepStore; destinations: readonly DestinationAdapter[] },
  fate: Fate,
): Mortal {
  const { live, die, isDead } = lifeOf(fate);
  const destinations = ports.destinations.map((destination): DestinationAdapter => ({
    ...destination,
    send: (outgoing, options) =>
      live(() => {
        const kills = outgoing.some(({ entry }) => fate.killers?.has(entry.id) === true);
        return kills ? Promise.resolve(die()) : destination.send(outgoing, options);
      }),
  }));
  return { store: wrapMethods(ports.store, live), destinations, isDead };
}

type Live = <T>(call: () => Promise<T>) => Promise<T>;
type Method = (...args: unknown[]) => unknown;

function wrapMethods(store: SweepStore, live: Live): SweepStore {
  const methods = Object.entries(store).filter(([, value]) => typeof value === 'function');
  const wrapped = methods.map(([name, method]) => [
    name,
    ['listWaiting', 'listBackdated'].includes(name)
      ? wrapList(method as Method, live)
      : (...args: unknown[]) => live(() => (method as Method)(...args) as Promise<unknown>),
  ]);
  return Object.fromEntries(wrapped) as SweepStore;
}

function wrapList(method: Method, live: Live): Method {
  return async function* (...args) {
    const list = (method(...args) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    for (;;) {
      const next: IteratorResult<unknown, unknown> = await live(() => list.next());
      if (next.done === true) return;
      yield next.value;
    }
  };
}

/** A store and destinations that are, at each call, those of the current run. */
export function throughCurrent(current: () => Mortal): Pick<Mortal, 'store' | 'destinations'> {
  const { store, destinations } = current();
  const methods = Object.entries(store).map(([name, value]) => [
    name,
    typeof value === 'function'
      ? (...args: unknown[]) => (current().store[name as keyof SweepStore] as Method)(...args)
      : (value as unknown),
  ]);
  return {
    store: Object.fromEntries(methods) as SweepStore,
    destinations: destinations.map((destination, index) => ({
      ...destination,
      send: (...args) => (current().destinations[index] ?? destination).send(...args),
    })),
  };
}
