/** Values that were recorded under older generations of their schema. */
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Thrown from "../core/Thrown.js"

/** From which generation of a schema's JSON to the next: `migrate[1]` makes what 2 reads of what 1 wrote. */
export interface Migrations {
  /** the generation that is written now; 1 is what was written before there was any */
  readonly version: number
  readonly migrate: { readonly [version: number]: (json: never) => unknown }
}

/** Beside the value in its record. No value of generation 1 is an object of just these two. */
const mark = "~version"

interface Marked {
  readonly "~version": number
  readonly value: unknown
}

const isMarked = (json: unknown): json is Marked =>
  Predicate.isRecord(json) && Predicate.isNumber(json[mark]) && "value" in json && Object.keys(json).length === 2

/** What the newest schema reads, of what was written at some time; or the step that is missing, or that threw. */
const read = (json: unknown, { migrate, version: newest }: Migrations): { readonly value: unknown } | string => {
  const { value: recorded, "~version": from } = isMarked(json) ? json : { value: json, [mark]: 1 }
  if (from > newest) return `it was recorded under version ${from} of its schema, newer than ${newest}`
  let value = recorded
  for (let version = from; version < newest; version++) {
    const step = migrate[version] as ((json: unknown) => unknown) | undefined
    const origin = `it was recorded under version ${from} of its schema`
    if (step === undefined) return `${origin}, and \`migrate\` has no step from ${version} to ${version + 1}`
    try {
      value = step(value)
    } catch (thrown) {
      return `${origin}, and the step from ${version} to ${version + 1} threw: ${Thrown.text(thrown)}`
    }
  }
  return { value }
}

/**
 * A schema for what is recorded, that reads what its older generations wrote, too: as the `success` or `error` of a phase or a
 * task, the state of a stage, a field of a payload, the data of a checkpoint.
 *
 * Steps go from one generation's JSON to the next one's, whenever a value is read; the journal is never rewritten. What was
 * recorded before there was any version is of generation 1. A step that is missing, or throws, is a value that does not
 * decode (`ValueNotDecodable`), with what is missing. Not for what others send, who know nothing of versions: answers of
 * delegates, and signals. Throws a `TypeError` for a version that is no positive integer. The idea is that of upcasters in
 * event stores.
 *
 * @example
 * import { Phase, Task } from "tidemark"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const Hold = Task.migrated(Schema.Struct({ id: Schema.String, cents: Schema.Number }), {
 *   version: 3,
 *   migrate: {
 *     1: (id: string) => ({ id, price: 0 }),
 *     2: ({ id, price }: { readonly id: string; readonly price: number }) => ({ id, cents: price * 100 })
 *   }
 * })
 * const reserve = Phase.make("reserve", { run: Effect.succeed({ id: "h1", cents: 250 }), success: Hold })
 */
export const migrated = <A, I>(schema: Schema.Schema<A, I>, migrations: Migrations): Schema.Schema<A, unknown> => {
  const { version } = migrations
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new TypeError(`version of a migrated schema must be a positive integer, not ${Thrown.text(version)}`)
  }
  return Schema.transformOrFail(Schema.Unknown, schema, {
    strict: false,
    decode: (json, _options, ast) => {
      const found = read(json, migrations)
      return typeof found === "string"
        ? ParseResult.fail(new ParseResult.Type(ast, json, found))
        : ParseResult.succeed(found.value)
    },
    encode: (value) => ParseResult.succeed(version === 1 ? value : { [mark]: version, value })
  })
}
