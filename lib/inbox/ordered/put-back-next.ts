import type { Cursor, Place } from '../../table/ordered.ts';
import { definedOnly } from '../../core/pick.ts';
import { withPutBack } from './cursor.ts';
import { changeCursor, readBuffered, type HistoryPorts } from './history.ts';
import type { PutBack } from './put-back.ts';

/** What putting back what waits takes. */
export interface PutBackPorts extends HistoryPorts {
  readonly putBack: PutBack;
}

/**
 * Puts what waits next back on the queue, if there is something, and notes it: whoever finds it waiting need not do
 * so again. It waits until it is handled. Where the worker dies in between it is put back twice, and handled once.
 */
export async function putBackNext(
  place: Place,
  cursor: Cursor,
  ports: PutBackPorts,
): Promise<void> {
  const next = (cursor.sequence ?? 0) + 1;
  const { message, group } = (await readBuffered(place, next, ports)) ?? {};
  // One that goes round the queue comes by itself.
  if (message === undefined) return;
  await ports.putBack({ message, ...definedOnly({ group }) });
  const after = withPutBack(cursor, next, ports.clock.now());
  await changeCursor({ place, before: cursor, after }, ports);
}
