import { rowToSagaSummary, sagaTable } from '../table/saga.ts';
import type { RunningSagas } from '../saga/running-sagas.ts';
import { atOnce } from './memory-table.ts';
import type { MemoryTransactor } from './memory-transactor.ts';

/** The index of unfinished sagas in a table of {@link createMemoryTransactor}, for `createSaga`. */
export function createMemoryRunningSagas(
  transactor: MemoryTransactor,
  tableName: string,
): RunningSagas {
  return {
    list: async function* (saga, overdueBy) {
      const rows = await atOnce(() => transactor.rows(tableName));
      const running = rows.filter((row) => row[sagaTable.runningKey] !== undefined);
      yield running
        .map(rowToSagaSummary)
        .filter((one) => one.saga === saga && one.overdueAt <= overdueBy)
        .toSorted((a, b) => a.overdueAt - b.overdueAt);
    },
  };
}
