import { shardOf } from './group-by.ts';

/** What tells metrics of one name apart. */
export type Dimensions = Readonly<Record<string, string>>;

/** Characters that the CDK allows in a dimension's value. CloudWatch itself allows 1,024. */
const maxValueChars = 255;

/**
 * Dimensions whose values CloudWatch takes. The alarms and the functions that emit both build theirs here.
 *
 * A value may hold printable ASCII only and must not begin with a colon: other characters are percent-encoded. A
 * value that is too long is cut, and ends in a hash of the whole.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
 */
export function toDimensions(values: Dimensions): Dimensions {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, toDimensionValue(value)]),
  );
}

function toDimensionValue(text: string): string {
  const value = text.toWellFormed().replaceAll(/^:|[^ -~]/gu, encodeURIComponent);
  if (value.length <= maxValueChars) return value;
  const hash = `~${shardOf(value, 2 ** 32).toString(16)}`;
  return value.slice(0, maxValueChars - hash.length) + hash;
}
