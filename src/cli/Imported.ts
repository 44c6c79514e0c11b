/** `import`: an execution from a file that `export` has written. Nothing is written unless all of it is as it was. */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Lanes from "../engine/Lanes.js"
import * as Exported from "../store/Exported.js"
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
  return yield* Either.mapLeft(Exported.read(text), ({ is, newer }) =>
    Complaint.refused(`${file} is ${is}`, newer ? "update tidemark" : "export it again")
  )
})

export interface Options {
  readonly file: string
  readonly db: string
  readonly json: boolean
}

export const run = ({ db, file, json }: Options) =>
  Effect.gen(function* () {
    const { entries, row: execution, rows: journal } = yield* read(file)
    const history = yield* Effect.mapError(Seen.fold(execution.id, entries), (error) =>
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
