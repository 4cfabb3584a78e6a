import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  hourAfter,
  hourOf,
  hourOfKey,
  hourPrefix,
  lateName,
  manifestName,
  ownerPrefix,
  pagesOfHour,
  partName,
  readArchiveLocation,
  toPrefix,
  readArchiveLine,
  toArchiveLine,
} from '../../lib/table/archive.ts';
import { pageAfter, pageOf } from '../../lib/table/keys.ts';
import { someEntry, someMoment } from '../support/arbitraries.ts';
import { anEntry, someTime } from '../support/entries.ts';

describe('the keys of an archive', () => {
  const owner = { prefix: 'outbox/', source: 'com.acme/orders' };

  it('are partitions as Athena reads them', () => {
    expect(`${hourPrefix(owner, '2026-11-21T04')}${partName(7)}`).toBe(
      'outbox/source=com.acme%2Forders/date=2026-11-21/hour=04/part-0007.ndjson.gz',
    );
  });

  it('say their hour', () => {
    fc.assert(
      fc.property(someMoment, (at) => {
        const hour = hourOf(pageOf(at));
        for (const name of [partName(0), manifestName, lateName('id')]) {
          expect(hourOfKey(`${hourPrefix(owner, hour)}${name}`)).toBe(hour);
        }
      }),
    );
  });

  it('of something else say none', () => {
    expect(hourOfKey('')).toBeUndefined();
    expect(hourOfKey('outbox/source=orders/athena-results.csv')).toBeUndefined();
  });

  it('of one source are not among those of another that begins like it', () => {
    const longer = { ...owner, source: `${owner.source}-test` };

    expect(ownerPrefix(longer).startsWith(ownerPrefix(owner))).toBe(false);
  });

  it('sort by time', () => {
    fc.assert(
      fc.property(someMoment, someMoment, (a, b) => {
        const [one, other] = [a, b].map((at) => hourPrefix(owner, hourOf(pageOf(at))));
        expect(one! < other!).toBe(hourOf(pageOf(a)) < hourOf(pageOf(b)));
      }),
    );
  });

  it('hide the manifest from Athena, which passes by what begins with an underscore', () => {
    expect(manifestName).toMatch(/^_/);
  });
});

describe('an hour', () => {
  it('has sixty pages, and the next begins after them', () => {
    const pages = pagesOfHour('2026-12-31T23');

    expect(pages).toHaveLength(60);
    expect(new Set(pages.map(hourOf))).toEqual(new Set(['2026-12-31T23']));
    expect(hourOf(pageAfter(pages.at(-1)!, 1))).toBe(hourAfter('2026-12-31T23', 1));
    expect(hourAfter('2026-12-31T23', 1)).toBe('2027-01-01T00');
  });
});

describe('the place of an archive', () => {
  it.each([
    ['s3://my-bucket', { bucket: 'my-bucket', prefix: '' }],
    ['s3://my-bucket/', { bucket: 'my-bucket', prefix: '' }],
    ['s3://my-bucket/outbox', { bucket: 'my-bucket', prefix: 'outbox/' }],
    ['s3://my.bucket/outbox/orders/', { bucket: 'my.bucket', prefix: 'outbox/orders/' }],
  ])('%s is read', (text, location) => {
    expect(readArchiveLocation(text)).toEqual(location);
  });

  it.each(['my-bucket', 's3:/my-bucket', 's3://', 's3://B/x', 'https://my-bucket/x', ''])(
    '%s is refused',
    (text) => {
      expect(() => readArchiveLocation(text)).toThrow(
        `an archive is given as s3://bucket/prefix, got ${JSON.stringify(text)}`,
      );
    },
  );

  it('has a prefix that is a folder', () => {
    expect(['', 'a', 'a/', 'a/b'].map(toPrefix)).toEqual(['', 'a/', 'a/', 'a/b/']);
  });
});

describe('a line', () => {
  it('gives back its entry and what became of it', () => {
    const outcome = fc.constantFrom('published', 'waiting', 'discarded', 'unknown' as const);
    fc.assert(
      fc.property(someEntry, outcome, fc.option(someMoment), (entry, said, at) => {
        const archived = { entry, outcome: said, ...(at === null ? {} : { outcomeAt: at }) };

        expect(readArchiveLine(toArchiveLine(archived))).toEqual(archived);
      }),
    );
  });

  it('is one line, whatever it holds', () => {
    const entry = anEntry({ data: JSON.stringify('a\nb\u2028c'), aggregate: 'order/\n' });

    expect(toArchiveLine({ entry, outcome: 'published' })).not.toContain('\n');
  });

  it('has the columns of the table for Athena in the documentation', () => {
    const entry = anEntry({
      sequence: 7,
      correlationId: 'a',
      causationId: 'b',
      traceparent: 'c',
      tenant: 'd',
    });
    const line = toArchiveLine({ entry, outcome: 'published', outcomeAt: someTime });

    const [, columns = ''] =
      /outbox_archive \(\n(.*?)\n\)/s.exec(readFileSync('docs/archive.md', 'utf8')) ?? [];
    const names = columns.split('\n').map((column) => column.trim().split(' ')[0]);
    expect(names).toEqual(Object.keys(JSON.parse(line) as object).map((key) => key.toLowerCase()));
  });
});
