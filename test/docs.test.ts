import { readFileSync } from 'node:fs';

import { Duration, Stack } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';

import { generatedPages, readInterfaces } from '../bin/docs/pages.ts';
import { dedupeWindowMs } from '../lib/constructs/inbox/handler.ts';
import { inboxDefaults } from '../lib/constructs/inbox/props.ts';

const pages = generatedPages();

describe('the generated pages of the documentation', () => {
  it.each(pages)('$path is up to date: run npm run docs', ({ path, text }) => {
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('are linked from the README', () => {
    const readme = readFileSync('README.md', 'utf8');

    for (const { path } of pages) expect(readme).toContain(`](${path})`);
  });
});

describe('the properties of the constructs', () => {
  const props = readInterfaces('lib/index.ts').flatMap(({ name: of, props: all }) =>
    all.map((prop) => ({ ...prop, of })),
  );

  it('include those of every construct, and what it inherits', () => {
    expect(props).toEqual(
      expect.arrayContaining(
        [
          ['OutboxProps', 'source'],
          ['OutboxProps', 'alarmTopic'],
          ['InboxProps', 'dedupeWindow'],
          ['SagaProps', 'sagaName'],
          ['ReconciliationProps', 'mode'],
        ].map(([of, name]) => expect.objectContaining({ of, name }) as object),
      ),
    );
  });

  it.each(props.map((prop) => [`${prop.of}.${prop.name}`, prop] as const))(
    '%s says what it is, and its default if it is optional',
    (_, { doc, isRequired, defaultText }) => {
      expect(doc).not.toBe('');
      if (!isRequired) expect(defaultText).not.toBe('none.');
    },
  );
});

describe('the page about the dedupe window', () => {
  it.each([
    ['bus', 'an event bus'],
    ['topic', 'a topic'],
    ['outbox', 'a destination queue of the outbox'],
  ] as const)('names the default window of an inbox behind: %s', (origin, inWords) => {
    const page = readFileSync('docs/dedupe-window.md', 'utf8');
    const { producerRetention, retentionPeriod } = inboxDefaults;

    const ms = dedupeWindowMs(new Stack(), {
      origin,
      producerRetention: producerRetention,
      retentionPeriod: retentionPeriod,
    });

    const days = Duration.millis(ms).toDays();
    expect(page).toContain(`| ${inWords} | ${days} days |`);
  });
});

describe('package.json', () => {
  it('leads to the home page, the repository and the issues', () => {
    const { homepage, repository, bugs } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      homepage: string;
      repository: { url: string };
      bugs: string;
    };
    const address = repository.url.replace(/^git\+/, '').replace(/\.git$/, '');

    expect(address).toMatch(/^https:\/\/github\.com\/[\w-]+\/cdk-outbox$/);
    expect({ homepage, bugs }).toEqual({
      homepage: `${address}#readme`,
      bugs: `${address}/issues`,
    });
  });
});
