import type { Environment } from '../../contract/read-environment.ts';
import {
  reconciliationFromEnvironment,
  type ReconciliationConfig,
} from '../../contract/reconciliation.ts';
import { outboxFrom, type OutboxSettings } from '../write/outbox-from.ts';

/** What a reconciliation must know, and the outbox that it writes missing events to. */
export interface ReconciliationSettings extends ReconciliationConfig {
  /** @default - there is none: missing events can only be reported */
  readonly outbox?: OutboxSettings;
}

/**
 * A reconciliation's settings, from the environment that the `Reconciliation` construct sets.
 *
 * @param environment `process.env`
 * @throws OutboxError `ENVIRONMENT_MISSING`, `ENVIRONMENT_INVALID`
 */
export function reconciliationFrom(environment: Environment): ReconciliationSettings {
  const config = reconciliationFromEnvironment(environment);
  const hasOutbox = environment['OUTBOX_TABLE'] !== undefined;
  return hasOutbox ? { ...config, outbox: outboxFrom(environment) } : config;
}
