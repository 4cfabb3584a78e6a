import { Option } from 'commander';

import type { CommonOptions } from '../options.ts';

/** What is compared with what. */
export interface SchemaOptions extends CommonOptions {
  readonly catalogue: string;
  readonly snapshot: string;
}

export const schemaOptions = (): Option[] => [
  new Option(
    '--catalogue <module>',
    'the module that exports the event definitions: src/events.ts, or what it was compiled to',
  ).makeOptionMandatory(),
  new Option('--snapshot <file>', 'the committed file with what was agreed on').default(
    'events.snapshot.json',
  ),
];
