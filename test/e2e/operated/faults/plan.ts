/** How a function's ports differ from the real ones, from its environment. */
export interface FaultPlan {
  /** Types of events that the destinations refuse. */
  readonly refuses?: readonly string[];
  /** Whether the process dies when it is about to write a receipt. */
  readonly diesBeforeReceipts?: boolean;
  /** By how much its clock is ahead, in milliseconds. */
  readonly clockAheadMs?: number;
}

/** The environment variable that holds the plan as JSON. */
export const faultsVariable = 'FAULTS';

/** Read at each call: what was deployed before does not know of it. */
export function readPlan(): FaultPlan {
  return JSON.parse(process.env[faultsVariable] ?? '{}') as FaultPlan;
}
