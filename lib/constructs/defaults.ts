/** Props in which everything that has a default is said. */
export type WithDefaults<Props, Defaults> = Props &
  Required<Pick<Props, keyof Props & keyof Defaults>>;

/** Props with the defaults where they say nothing. A prop that is given as `undefined` says nothing. */
export function withDefaults<Props extends object, Defaults extends Partial<Props>>(
  props: Props,
  defaults: Defaults,
): WithDefaults<Props, Defaults> {
  const said = definedOnly(props) as Props;
  return { ...defaults, ...said } as WithDefaults<Props, Defaults>;
}

/**
 * An object without the properties that are undefined.
 *
 * Optional props of the CDK are absent or have a value; what users pass may be `undefined`.
 */
export function definedOnly<T extends object>(values: T): Defined<T> {
  const defined = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as Defined<T>;
}

/** The same properties; those that may be undefined may be absent instead. */
export type Defined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
