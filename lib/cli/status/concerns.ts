import { pageStart } from '../../table/keys.ts';
import { isJustDeployed, sweeperQuietMs } from '../doctor/sweeper.ts';
import { count } from '../view/table.ts';
import { duration } from '../view/time.ts';
import type { StatusFacts } from './facts.ts';

/** Something that needs a person, and what to type first. */
export interface Concern {
  readonly what: string;
  readonly command: string;
}

/** An entry without a receipt for so long was missed by the relay and by the sweeper. */
const unsettledTooLongMs = 5 * 60_000;

/** What of the facts needs a person, the gravest first. */
export function concernsOf(facts: StatusFacts): Concern[] {
  return [
    ...parked(facts),
    ...triggerConcerns(facts),
    ...sweeperConcerns(facts),
    ...unsettled(facts),
    ...queues(facts),
    ...inboxes(facts),
  ];
}

function parked({ waiting }: StatusFacts): Concern[] {
  if (waiting.parked === 0) return [];
  return [
    {
      what: `${count(waiting.parked, 'entry is', 'entries are')} parked`,
      command: 'outbox ls parked',
    },
  ];
}

function triggerConcerns({ trigger: seen }: StatusFacts): Concern[] {
  if (seen.status === 'unseen') return [];
  const { state, lastResult = '' } = seen.value;
  if (state === 'Missing') {
    return [
      { what: 'the relay has no trigger: only the sweeper delivers', command: 'outbox doctor' },
    ];
  }
  if (!['Enabled', 'Enabling', 'Updating', 'Creating'].includes(state)) {
    return [
      {
        what: `the relay’s trigger is ${state.toLowerCase()}: only the sweeper delivers`,
        command: 'outbox doctor',
      },
    ];
  }
  if (!lastResult.startsWith('PROBLEM')) return [];
  return [{ what: `the relay’s trigger says: ${lastResult}`, command: 'outbox doctor' }];
}

function sweeperConcerns({ sweeps, at, deployedAt }: StatusFacts): Concern[] {
  const [last] = sweeps;
  const isQuiet = last === undefined || at - last.endedAt > sweeperQuietMs;
  if (isQuiet && isJustDeployed(deployedAt, at)) return [];
  if (last === undefined) return [{ what: 'the sweeper has never run', command: 'outbox doctor' }];
  const quietMs = at - last.endedAt;
  if (quietMs > sweeperQuietMs) {
    return [{ what: `the sweeper has not run for ${duration(quietMs)}`, command: 'outbox doctor' }];
  }
  if (last.ended === 'failed' || last.ended === 'outage') {
    const what =
      last.ended === 'failed' ? 'the last sweep failed' : 'the last sweep reached no destination';
    return [{ what, command: 'outbox sweep' }];
  }
  return [];
}

function unsettled({ inFlight, lag, at }: StatusFacts): Concern[] {
  if (inFlight.oldestPage === undefined) return [];
  const ageMs = at - pageStart(inFlight.oldestPage);
  if (ageMs <= unsettledTooLongMs) return [];
  const why =
    lag === undefined
      ? ''
      : `; the relay is ${duration(at - lag.oldestAt)} behind, and catching up`;
  return [
    { what: `entries of ${duration(ageMs)} ago are not settled${why}`, command: 'outbox doctor' },
  ];
}

/** A message that waits for so long is more than a burst: its inbox stands still, or is too slow. */
const waitsTooLongMs = 15 * 60_000;

function inboxes({ inboxes: seen }: StatusFacts): Concern[] {
  if (seen.status === 'unseen') return [];
  return seen.value.flatMap(({ name, mapping, messages, oldestMs = 0 }) => {
    const isStopped = mapping === 'Missing' || mapping.startsWith('Disabl');
    const isLate = (messages ?? 0) > 0 && oldestMs > waitsTooLongMs;
    if (!isStopped && !isLate) return [];
    const facts = [
      isStopped ? `its event source mapping is ${mapping.toLowerCase()}` : '',
      messages === undefined ? '' : `${count(messages, 'message')} in its queue`,
      isLate ? `the oldest for ${duration(oldestMs)}` : '',
    ];
    const what = `inbox ${name}: ${facts.filter((fact) => fact !== '').join(', ')}`;
    return [{ what, command: 'outbox doctor' }];
  });
}

function queues({ queues: seen }: StatusFacts): Concern[] {
  if (seen.status === 'unseen') return [];
  return seen.value
    .filter(({ messages, isGone }) => messages > 0 || isGone === true)
    .map(({ messages, isGone, holds, name, command }) => ({
      what:
        isGone === true
          ? `there is no queue ${name}: ${holds}`
          : `${count(messages, 'message')} in ${name}: ${holds}`,
      command,
    }));
}
