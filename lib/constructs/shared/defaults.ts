import { definedOnly } from '../../core/pick.ts';

// Optional props of the CDK are absent or have a value; what users pass may be `undefined`.
export { definedOnly };

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
