/** An execution with its whole journal as one JSON value: docs/export.md has the format. */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { JournalCorrupt } from "../core/Errors.js"
import { all } from "../core/Status.js"
import { type Journal, verified } from "./Store.js"

const format = "tidemark-execution"

/** The format of this version. A reader refuses one that it does not know. */
export const Exported = Schema.Struct({
  format: Schema.Literal(format),
  version: Schema.Literal(1),
  /** of the database that it is from */
  schema: Schema.Int,
  execution: Schema.Struct({
    id: Schema.String,
    task: Schema.String,
    version: Schema.Int,
    status: Schema.Literal(...all),
    epoch: Schema.Int,
    owner: Schema.NullOr(Schema.String),
    createdAt: Schema.Number,
    updatedAt: Schema.Number
  }),
  /** `body` is the entry's JSON text as it is kept, for `hash` is that of this text, chained to the entry before */
  journal: Schema.Array(
    Schema.Struct({
      seq: Schema.Int,
      epoch: Schema.Int,
      at: Schema.Number,
      body: Schema.String,
      hash: Schema.String
    })
  )
})
export type Exported = typeof Exported.Type

const decode = Schema.decodeUnknownEither(Schema.parseJson(Exported))

/** Enough of one to see that it is newer. */
const Newer = Schema.parseJson(
  Schema.Struct({ format: Schema.Literal(format), version: Schema.Int.pipe(Schema.greaterThan(1)) })
)

/** The execution that a text holds, verified; or why it holds none that this version can read. */
export const read = (text: string): Either.Either<Pick<Journal, "row" | "entries">, string> => {
  const newer = Schema.decodeUnknownEither(Newer)(text)
  if (Either.isRight(newer)) {
    return Either.left(`it was exported by a newer tidemark, in format ${newer.right.version}: update this one`)
  }
  const decoded = decode(text)
  if (Either.isLeft(decoded)) {
    const [issue] = ParseResult.ArrayFormatter.formatErrorSync(decoded.left)
    return Either.left(`it is no exported execution: ${issue?.path.join(".") || "as a whole"}: ${issue?.message}`)
  }
  const { execution: row, journal } = decoded.right
  const entries = verified(row, journal)
  return entries instanceof JournalCorrupt ? Either.left(entries.message) : Either.right({ row, entries })
}
