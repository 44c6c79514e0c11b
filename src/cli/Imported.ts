/** `import`: an execution from a file that `export` has written. Nothing is written unless all of it is as it was. */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Lanes from "../engine/Lanes.js"
import { Exported } from "../store/Exported.js"
import * as MemoryStore from "../store/MemoryStore.js"
import { current } from "../store/migrations.js"
import { fromEncoded } from "../store/Store.js"
import { quoted } from "./Advice.js"
import * as Change from "./Change.js"
import * as Complaint from "./Complaint.js"
import * as Control from "./Control.js"
import { standsStill } from "./History.js"
import * as Refusals from "./Refusals.js"
import * as Seen from "./Seen.js"

const firstLine = (thrown: unknown): string => String((thrown as Error).message).split("\n")[0]!

const read = Effect.fnUntraced(function* (file: string) {
  const text = yield* Effect.try({
    try: () => fs.readFileSync(file, "utf8"),
    catch: (thrown) =>
      Complaint.usage(`${file} cannot be read: ${firstLine(thrown)}`, "give a file that export has written")
  })
  const value = yield* Effect.try({
    try: () => JSON.parse(text) as { readonly format?: unknown; readonly version?: unknown; readonly schema?: unknown },
    catch: (thrown) => Complaint.refused(`${file} is no JSON: ${firstLine(thrown)}`, "export it again")
  })
  const { format, schema, version } = value ?? {}
  if (format === "tidemark-execution" && (Number(version) > 1 || Number(schema) > current)) {
    return yield* Complaint.refused(
      `${file} is of a newer tidemark: version ${version}, schema ${schema}; this one knows 1 and ${current}`,
      "update tidemark"
    )
  }
  return yield* Effect.mapError(Schema.decodeUnknown(Exported)(value), (error) => {
    const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
    const at =
      issue === undefined ? "" : ` at $${issue.path.map((part) => `.${String(part)}`).join("")}: ${issue.message}`
    return Complaint.refused(`${file} is no exported execution${at}`, "export it again")
  })
})

/** What it comes to, verified as every journal is when it is loaded. */
const verified = Effect.fnUntraced(function* ({ execution, journal }: Exported) {
  const encoded = yield* MemoryStore.make()
  yield* encoded.create({ row: execution, rows: journal })
  const found = yield* fromEncoded(encoded).load(execution.id)
  const history = yield* Seen.fold(execution.id, found?.entries ?? [])
  return history
})

export interface Options {
  readonly file: string
  readonly db: string
  readonly json: boolean
}

export const run = ({ db, file, json }: Options) =>
  Effect.gen(function* () {
    const exported = yield* read(file)
    const { execution, journal } = exported
    const history = yield* Effect.mapError(verified(exported), (error) =>
      Complaint.refused(`${file} is not what was exported: ${error.message}`, "export it again")
    )
    if (history.status !== execution.status) {
      return yield* Complaint.refused(`${file} was exported while it went on`, "export it again")
    }
    if (!standsStill(execution.status)) {
      return yield* Complaint.refused(
        `${execution.id} is ${execution.status}, and goes on where it is from`,
        "pause it there, and export it again"
      )
    }
    const { encoded, store } = yield* Control.open(db, "make")
    const lane = history.lane === undefined ? {} : { lane: Lanes.nameOf(history.task, history.lane) }
    const { tags = [] } = JSON.parse(journal[0]!.body) as { readonly tags?: ReadonlyArray<string> }
    const { parent } = history
    const owned = parent !== undefined && (yield* store.get(parent.execution)) !== undefined
    const child = owned ? { parent: parent.execution } : {}
    const existing = yield* encoded.create({
      row: { ...execution, owner: null },
      rows: journal,
      ...lane,
      ...child,
      tags
    })
    if (existing !== undefined) {
      return yield* Complaint.refused(
        `there is an execution ${execution.id} already, of task ${existing.task}, ${existing.status}`,
        `tidemark show ${quoted(execution.id)} shows it; an id cannot be changed, for the journal's hashes hold it`
      )
    }
    const stands = yield* Change.standing(store, execution.id)
    yield* Change.told({ verb: "import", outcome: "done", problem: null, engine: null, ...stands }, json)
  }).pipe(Effect.scoped, Effect.mapError(Refusals.of))
