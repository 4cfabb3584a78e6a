import { ownValue } from '../../core/pick.ts';
import type { EventContract } from '../../events/event.ts';
import type { JsonSchema } from './json-schema.ts';

/** The JSON Schema of what is written, or why there is none, and how to come by one. */
export type Shape =
  { readonly schema: JsonSchema } | { readonly problem: string; readonly mend: string };

const target = 'draft-2020-12';

/**
 * The shape of an event's data as it is written: the schema's input. Consumers make its output of it.
 *
 * https://standardschema.dev/json-schema
 */
export function shapeOf(schema: EventContract['schema']): Shape {
  const { vendor, jsonSchema } = schema['~standard'] as {
    vendor: string;
    jsonSchema?: { input(options: { target: string }): JsonSchema };
  };
  if (jsonSchema === undefined) return { problem: 'it has no JSON Schema', mend: toGetOne(vendor) };
  try {
    return { schema: withoutDialect(jsonSchema.input({ target })) };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    return { problem: `${vendor} says: ${problem}`, mend: toExpressIt(vendor) };
  }
}

/** Which is the same in all of them. */
function withoutDialect(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== '$schema'));
}

function toGetOne(vendor: string): string {
  const known: Readonly<Record<string, string>> = {
    valibot: 'wrap it with toStandardJsonSchema of @valibot/to-json-schema',
    zod: 'use zod 4.2 or later',
  };
  return ownValue(known, vendor) ?? `${vendor} must offer Standard JSON Schema`;
}

/** Dates, big integers, maps: what JSON does not have is written as something that it has. */
function toExpressIt(vendor: string): string {
  const mend = 'describe the JSON that is written, and convert it afterwards';
  return vendor === 'zod' ? `${mend}: z.iso.datetime().pipe(z.coerce.date())` : mend;
}
