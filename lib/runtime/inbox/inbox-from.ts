import {
  inboxFromEnvironment,
  type Environment,
  type InboxConfig,
} from '../../contract/environment.ts';
import { outboxFrom, type OutboxSettings } from '../write/outbox-from.ts';

/** What a consumer must know of its inbox, and of its outbox if it has one. */
export interface InboxSettings extends InboxConfig {
  /**
   * Where emitted events are written.
   *
   * @default - handlers cannot emit events
   */
  readonly outbox?: OutboxSettings;
}

/**
 * An inbox's settings, from the environment that the `Inbox` construct sets; and where
 * `outbox.grantWrite(fn)` was called in the CDK app, those of the outbox to emit events with.
 *
 * @throws OutboxError `ENVIRONMENT_MISSING`, `ENVIRONMENT_INVALID`
 */
export function inboxFrom(environment: Environment): InboxSettings {
  const inbox = inboxFromEnvironment(environment);
  const hasOutbox = environment['OUTBOX_TABLE'] !== undefined;
  return hasOutbox ? { ...inbox, outbox: outboxFrom(environment) } : inbox;
}
