import type { StandardSchemaV1 } from '@standard-schema/spec';

const maxWordChars = 256;

/**
 * A schema's issues as text, one each: where, and what is wrong, without the data itself.
 *
 * Some libraries quote the value that they refuse. It is blanked out: errors end in logs, and payloads
 * must not.
 */
export function describeIssues(issues: readonly StandardSchemaV1.Issue[], data: unknown): string[] {
  return issues.map(({ path = [], message }) => {
    const keys = path.map((segment) => (typeof segment === 'object' ? segment.key : segment));
    const text = blankOut(message, valueAt(data, keys));
    return keys.length === 0 ? text : `${keys.map(String).join('.')}: ${text}`;
  });
}

function valueAt(data: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    data,
  );
}

/** Replaces a value, quoted or plain, where it stands as a word of its own. */
function blankOut(message: string, value: unknown): string {
  if (value === undefined || value === null || typeof value === 'boolean' || value === '') {
    return message;
  }
  const shapes = [JSON.stringify(value), ...(typeof value === 'string' ? [value] : [])];
  return shapes.reduce((text, shape) => text.replaceAll(patternOf(shape), '…'), message);
}

/** A long value is part of no other word; and a pattern made of it may be too large, or say so by quoting it. */
function patternOf(shape: string): string | RegExp {
  if (shape.length > maxWordChars) return shape;
  return new RegExp(`(?<!\\w)${escape(shape)}(?!\\w)`, 'g');
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
