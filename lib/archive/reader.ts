import { pickDefined } from '../core/collections.ts';
import {
  dayPrefix,
  firstPageOf,
  hourOf,
  hourOfKey,
  hourPrefix,
  ownerPrefix,
  type ArchivedEntry,
  type ArchiveOwner,
  type ArchivePart,
  type Hour,
} from '../table/archive.ts';
import { pageOf, timeOfId, type Page } from '../table/keys.ts';
import type { ArchiveObjects, ArchivedPages } from '../table/stores.ts';
import { openHour, readPart, type OpenHour } from './objects.ts';

/** The archive of an outbox, to be read. */
export interface ArchiveReader extends ArchivedPages {
  /** An event by its id: only the objects of its hour are looked at. */
  find(eventId: string): Promise<ArchivedEntry | undefined>;
}

/** Which archive to read. */
export interface ArchiveSource extends ArchiveOwner {
  readonly archive: ArchiveObjects;
}

/**
 * Opens an archive for reading. Costs a LIST for each day, and a GET for each object that holds something of
 * what is asked for; an hour without entries costs nothing.
 *
 * Its methods throw OutboxError `ARCHIVE_DAMAGED` where an object is missing, or not the one that was written.
 */
export function openArchive(source: ArchiveSource): ArchiveReader {
  const hours = openHours(source);
  const readPage = async function* (page: Page): AsyncGenerator<readonly ArchivedEntry[]> {
    const hour = await hours.open(hourOf(page));
    const late = new Map(hour.late.filter(isOf(page)).map((one) => [one.entry.id, one]));
    for (const part of hour.parts.filter(({ first, last }) => first <= page && page <= last)) {
      const entries = (await hours.read(hour, part)).filter(isOf(page));
      // What came late says the outcome; what happened stays as it was archived first.
      yield entries.map((one) => ({ ...one, ...outcomeOf(late.get(one.entry.id)) }));
      for (const { entry } of entries) late.delete(entry.id);
    }
    if (late.size > 0) yield [...late.values()];
  };
  return {
    readPage,
    firstPage: async () => {
      const [key = ''] = await source.archive.list(ownerPrefix(source), 1);
      const hour = hourOfKey(key);
      return hour === undefined ? undefined : firstPageOf(hour);
    },
    find: async (eventId) => {
      for await (const entries of readPage(pageOf(timeOfId(eventId)))) {
        const found = entries.find(({ entry }) => entry.id === eventId);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** How much is kept of what was read last: pages are asked for in their order, a few at a time. */
const remembered = { days: 2, hours: 4, parts: 4 };

interface Hours {
  open(hour: Hour): Promise<OpenHour>;
  read(hour: OpenHour, part: ArchivePart): Promise<readonly ArchivedEntry[]>;
}

function openHours(source: ArchiveSource): Hours {
  const { archive } = source;
  const days = rememberLast<readonly string[]>(remembered.days);
  const hours = rememberLast<OpenHour>(remembered.hours);
  const parts = rememberLast<readonly ArchivedEntry[]>(remembered.parts);
  return {
    open: (hour) =>
      hours(hour, async () => {
        const day = dayPrefix(source, hour);
        const folder = hourPrefix(source, hour);
        const keys = await days(day, () => archive.list(day));
        const names = keys.filter((key) => key.startsWith(folder));
        return openHour(
          folder,
          names.map((key) => key.slice(folder.length)),
          archive,
        );
      }),
    read: ({ folder }, part) =>
      parts(`${folder}${part.name}`, () => readPart(folder, part, archive)),
  };
}

function outcomeOf(late: ArchivedEntry | undefined): Partial<ArchivedEntry> {
  return late === undefined ? {} : pickDefined(late, ['outcome', 'outcomeAt']);
}

function isOf(page: Page): (archived: ArchivedEntry) => boolean {
  return ({ entry }) => pageOf(timeOfId(entry.id)) === page;
}

/** Returns the cached value of a key, or loads and caches it. */
export type Remember<T> = (key: string, ask: () => Promise<T>) => Promise<T>;

/**
 * Caches the last `size` values. Callers that ask while a value is loading share that load.
 * What failed is not remembered.
 */
function rememberLast<T>(size: number): Remember<T> {
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
