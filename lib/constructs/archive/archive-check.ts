import { Duration, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

import type { ArchiveProps, ArchiveSettings } from './props.ts';
import { checkDuration, checkNumber, fail } from '../shared/check.ts';

/** Fails on settings that could not work. Values known only at deployment pass. */
export function checkArchive(
  scope: IConstruct,
  given: ArchiveProps,
  { prefix, coldAfter, expireAfter, memorySize }: ArchiveSettings,
): void {
  checkPrefix(scope, prefix);
  checkNumber(scope, { name: 'memorySize of archive', value: memorySize, min: 512, max: 10_240 });
  if (given.bucket !== undefined && (given.coldAfter ?? given.expireAfter) !== undefined) {
    fail(
      scope,
      'coldAfter and expireAfter of archive are for a bucket that the outbox creates: give the lifecycle to the given bucket',
    );
  }
  const day = Duration.days(1);
  checkDuration(scope, { name: 'coldAfter of archive', value: coldAfter, min: day });
  if (expireAfter === undefined) return;
  const min = Duration.days(coldAfter.toDays({ integral: false }) + 1);
  checkDuration(scope, { name: 'expireAfter of archive', value: expireAfter, min });
}

/** IAM and Athena read more into other characters. */
function checkPrefix(scope: IConstruct, prefix: string): void {
  if (Token.isUnresolved(prefix) || /^([\w.=-][\w.=/-]*)?$/.test(prefix)) return;
  fail(
    scope,
    `prefix of archive must be letters, digits and _ . = - / and not begin with /, got ${JSON.stringify(prefix)}`,
  );
}
