/**
 * What can be recorded: at compile time, which types are plain JSON; at run time, the codecs that values go through.
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Codec } from "../core/Instruction.js"
import * as Json from "../core/Json.js"
import * as Thrown from "../core/Thrown.js"
import { difference } from "./Difference.js"
import * as JsonSchema from "./JsonSchema.js"

/** Why a type was refused, placed where the value was expected: the text is what the compiler shows. */
export interface Because<Message extends string, Type> {
  readonly tidemark: Message
  readonly type: Type
}

/**
 * `T` in a result, out of inference's reach. A type parameter of an option that is not given has no candidate, and would
 * take one from what the result is given to: `unknown`, inside a combinator.
 */
export type Closed<T> = [T] extends [infer Same] ? Same : never

type IsAny<T> = 0 extends 1 & T ? true : false
type Callable = (...args: never) => unknown

/** `T` where it is plain JSON; a member that is not becomes `never`, so that `T` no longer fits. */
export type PlainJson<T> =
  IsAny<T> extends true
    ? never
    : [T] extends [never]
      ? T
      : unknown extends T
        ? never
        : T extends string | number | boolean | null
          ? T
          : T extends undefined | bigint | symbol | Callable | Because<string, unknown>
            ? never
            : T extends ReadonlyArray<unknown>
              ? { [K in keyof T]: PlainJson<T[K]> }
              : T extends { toJSON(): unknown } | Iterable<unknown>
                ? never
                : T extends object
                  ? { [K in keyof T]: PlainJson<T[K]> }
                  : never

/** Whether values of this type come back equal from their record without a schema. `void` does. */
export type IsPlain<T> =
  IsAny<T> extends true ? false : [T] extends [void] ? true : [T] extends [PlainJson<T>] ? true : false

/** A schema that needs no services: recorded values are read wherever a journal is. */
export type AnySchema = Schema.Schema.AnyNoContext

/** What a schema's values are; `Default` for none. */
export type TypeOf<S, Default = never> = [S] extends [never]
  ? Default
  : S extends Schema.Schema<infer A, infer _I, infer _R>
    ? A
    : never

/** The codec of values that are plain JSON by themselves, and of void. */
export const plain: Codec = {
  encode: (value) => (value === undefined ? Either.right(undefined) : Json.from(value)),
  decode: (json) => Either.right(json === undefined ? undefined : Json.copy(json)),
  schema: () => ({ void: true })
}

const noFailure: Either.Either<never, Json.Problem> = Either.left({
  at: "$",
  reason: "this phase has no `error` schema, so that nobody can fail it"
})

/** The codec of failures where there are none. */
export const nothing: Codec = { encode: () => noFailure, decode: () => noFailure, schema: () => ({ not: {} }) }

/** A schema's message shows the whole value that it was given. */
const maxReason = 500

const problemOf = (error: ParseResult.ParseError): Json.Problem => {
  const issue = ParseResult.ArrayFormatter.formatErrorSync(error)[0]!
  const path = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key))
  return { at: path.reduce<string>(Json.member, "$"), reason: issue.message.slice(0, maxReason) }
}

const attempt = <A>(run: () => Either.Either<A, Json.Problem>): Either.Either<A, Json.Problem> => {
  try {
    return run()
  } catch (thrown) {
    return Either.left({ at: "$", reason: `the schema threw: ${Thrown.text(thrown)}` })
  }
}

/** By the schema, for making one takes longer than all else that a phase does. */
const jsonSchemas = new WeakMap<AnySchema, Json.Json | null>()

const jsonSchemaOf = (schema: AnySchema): Json.Json | null => {
  const known = jsonSchemas.get(schema)
  if (known !== undefined) return known
  const made = JsonSchema.of(schema.ast)
  jsonSchemas.set(schema, made)
  return made
}

const codecOf = (schema: AnySchema, exact: boolean): Codec => {
  const toJson = Schema.encodeUnknownEither(schema)
  const fromJson = Schema.decodeUnknownEither(schema)
  const decode: Codec["decode"] = (json) =>
    attempt(() => Either.flatMap(plain.decode(json), (value) => Either.mapLeft(fromJson(value), problemOf)))
  const encode: Codec["encode"] = (value) =>
    attempt(() => Either.flatMap(Either.mapLeft(toJson(value), problemOf), plain.encode))
  const same = (value: unknown, json: Json.Json | undefined): Either.Either<Json.Json | undefined, Json.Problem> =>
    attempt(() =>
      Either.flatMap(decode(json), (back) => {
        const changed = difference(value, back)
        return changed === undefined ? Either.right(json) : Either.left(changed)
      })
    )
  return {
    encode: exact ? (value) => Either.flatMap(encode(value), (json) => same(value, json)) : encode,
    decode,
    schema: () => jsonSchemaOf(schema)
  }
}

/** By the schema: a body names its phases anew whenever it is replayed. */
const kept = (exact: boolean) => {
  const codecs = new WeakMap<AnySchema, Codec>()
  return (schema: AnySchema): Codec => {
    const known = codecs.get(schema)
    if (known !== undefined) return known
    const made = codecOf(schema, exact)
    codecs.set(schema, made)
    return made
  }
}

/** The codec of a schema's values. A value that would not come back equal is refused, with the place in it. */
export const codec = kept(true)

/** The codec of a schema's failures: an error's stack and cause may be lost, so equality is not asked for. */
export const errorCodec = kept(false)
