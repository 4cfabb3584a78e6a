/** What one call takes. A destination is one. */
export interface CallLimits<T> {
  readonly maxEntriesPerCall: number;
  readonly maxBytesPerCall: number;
  sizeOf(item: T): number;
}

export interface Packed<T> {
  /** Within the limits, and in the order given: item by item and call by call. */
  readonly calls: readonly (readonly T[])[];
  /** Too large for a call of their own. */
  readonly tooLarge: readonly T[];
}

/** Packs items into calls by count and by bytes. */
export function pack<T>(items: readonly T[], limits: CallLimits<T>): Packed<T> {
  const calls: T[][] = [];
  const tooLarge: T[] = [];
  let room = noRoom;
  for (const item of items) {
    const bytes = limits.sizeOf(item);
    if (bytes > limits.maxBytesPerCall) {
      tooLarge.push(item);
      continue;
    }
    if (room.entries === 0 || room.bytes < bytes) {
      calls.push([]);
      room = { entries: limits.maxEntriesPerCall, bytes: limits.maxBytesPerCall };
    }
    calls.at(-1)?.push(item);
    room = { entries: room.entries - 1, bytes: room.bytes - bytes };
  }
  return { calls, tooLarge };
}

const noRoom = { entries: 0, bytes: 0 };
