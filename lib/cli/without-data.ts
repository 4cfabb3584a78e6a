/** A value for a script with the payloads left out: what is called `data`, and rows as `json`, at any depth. */
export function withoutData(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, inner: unknown) =>
      name === 'data' || name === 'json' ? undefined : inner,
    ),
  );
}
