/** An execution with its whole journal as one JSON value: docs/export.md has the format. */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { JournalCorrupt } from "../core/Errors.js"
import { all } from "../core/Status.js"
import { current } from "./migrations.js"
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

const parse = Schema.decodeUnknownEither(Schema.parseJson())
const decode = Schema.decodeUnknownEither(Exported)

/** Enough of one to see that it is newer. */
const isHead = Schema.is(
  Schema.Struct({ format: Schema.Literal(format), version: Schema.Number, schema: Schema.Number })
)

/** Why nothing can be read: what the file is; and whether a newer tidemark could. */
export interface Unreadable {
  readonly is: string
  readonly newer: boolean
}

/** An execution that was exported, verified. */
export interface Read extends Pick<Journal, "row" | "entries"> {
  /** as they are kept */
  readonly rows: Exported["journal"]
}

const unreadable = (is: string, newer = false): Either.Either<never, Unreadable> => Either.left({ is, newer })

/** The execution that a text holds, verified; or why it holds none that this version can read. */
export const read = (text: string): Either.Either<Read, Unreadable> => {
  const json = parse(text)
  if (Either.isLeft(json)) return unreadable("no JSON")
  const { right: value } = json
  if (isHead(value) && (value.version > 1 || value.schema > current)) {
    const { schema, version } = value
    return unreadable(`of a newer tidemark: format ${version}, schema ${schema}; this one knows 1 and ${current}`, true)
  }
  const decoded = decode(value)
  if (Either.isLeft(decoded)) {
    const [issue] = ParseResult.ArrayFormatter.formatErrorSync(decoded.left)
    const at = issue!.path.map((part) => `.${String(part)}`).join("")
    return unreadable(`no exported execution at $${at}: ${issue!.message}`)
  }
  const { execution: row, journal: rows } = decoded.right
  const entries = verified(row, rows)
  return entries instanceof JournalCorrupt
    ? unreadable(`not what was exported: ${entries.message}`)
    : Either.right({ row, rows, entries })
}
