/**
 * Whether rules of a bus may take events, as far as their patterns can be judged from the outside.
 *
 * Judges `source` and `detail-type`; what a pattern asks of the rest counts as met.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export function mayTake(
  patternJson: string,
  { source, typeFilter }: { source: string; typeFilter: string },
): boolean {
  const { source: sources, 'detail-type': types } = parse(patternJson);
  const takesSource = sources === undefined || sources.some((matcher) => takes(matcher, source));
  return (
    takesSource && (types === undefined || types.some((matcher) => overlaps(matcher, typeFilter)))
  );
}

type Matcher = string | Readonly<Record<string, unknown>>;

/** Whether a matcher takes any text that the filter means: a type, or a prefix and `*`. */
function overlaps(matcher: Matcher, typeFilter: string): boolean {
  if (!typeFilter.endsWith('*')) return takes(matcher, typeFilter);
  const prefix = typeFilter.slice(0, -1);
  if (typeof matcher === 'string') return matcher.startsWith(prefix);
  const wanted = matcher['prefix'];
  return typeof wanted !== 'string' || wanted.startsWith(prefix) || prefix.startsWith(wanted);
}

/** Whether a matcher takes a text. One that is not known here may. */
function takes(matcher: Matcher, text: string): boolean {
  if (typeof matcher === 'string') return matcher === text;
  const [[operator, value] = ['', undefined]] = Object.entries(matcher);
  if (typeof value !== 'string') return true;
  switch (operator) {
    case 'prefix':
      return text.startsWith(value);
    case 'suffix':
      return text.endsWith(value);
    case 'equals-ignore-case':
      return text.toLowerCase() === value.toLowerCase();
    case 'anything-but':
      return text !== value;
    default:
      return true;
  }
}

/** A pattern that cannot be read takes nothing. */
function parse(json: string): { source?: Matcher[]; 'detail-type'?: Matcher[] } {
  try {
    return JSON.parse(json) as object;
  } catch {
    return { source: [] };
  }
}
