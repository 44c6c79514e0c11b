/** `export`: an execution with its whole journal as one JSON value: docs/export.md has the format. */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import type { Encoded } from "../store/Encoded.js"
import type { Exported } from "../store/Exported.js"
import { fromEncoded } from "../store/Store.js"
import * as Complaint from "./Complaint.js"
import * as Screen from "./Screen.js"
import * as Seen from "./Seen.js"

export interface Options {
  readonly id: string
  /** none: stdout */
  readonly out: string | undefined
}

/** Written whole or not at all; what is there already is left as it is. */
const save = (filename: string, text: string): Effect.Effect<void, Complaint.Complaint> =>
  Effect.try({
    try: () => {
      const temporary = `${filename}.${process.pid}.new`
      try {
        fs.writeFileSync(temporary, text, { flag: "wx" })
        fs.linkSync(temporary, filename)
      } finally {
        fs.rmSync(temporary, { force: true })
      }
    },
    catch: (error) => {
      const { code, message } = error as NodeJS.ErrnoException
      return code === "EEXIST"
        ? Complaint.refused(`${filename} is there already`, "give another name to --out, or take that file away")
        : new Complaint.Complaint({
            code: Complaint.codes.store,
            what: `${filename} could not be written: ${message}`,
            next: "check the path, the permissions and the space there"
          })
    }
  })

/** Verified before it is exported. It has grown on if an engine works on it: what is exported is a beginning of its journal. */
export const run = Effect.fnUntraced(function* (encoded: Encoded, schema: number, { id, out }: Options) {
  const device = yield* Screen.Screen
  const row = yield* encoded.get(id)
  const rows = yield* encoded.read(id, 0)
  // What is verified is what is exported: some of it may be discarded meanwhile.
  const store = fromEncoded({ ...encoded, get: () => Effect.succeed(row), read: () => Effect.succeed(rows) })
  const journal = yield* store.load(id)
  if (journal === undefined) return yield* Seen.naming(store, id)(store.absent(id))
  const exported: Exported = {
    format: "tidemark-execution",
    version: 1,
    schema,
    execution: journal.row,
    journal: rows
  }
  const text = Screen.json(exported)
  if (out === undefined) return yield* device.out(text)
  yield* save(out, text)
})
