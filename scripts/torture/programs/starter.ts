/**
 * Accepts approvals for whoever owns the database: `starter.js DATABASE COUNT MILLISECONDS [STEP]`, so long between two of
 * them, of all numbers or every STEPth.
 */
import * as Effect from "effect/Effect"
import { Sqlite } from "tidemark/sqlite"
import * as Approvals from "../Approvals.js"
import { runUntilSignal } from "../Signals.js"

const [, , filename = "", count, millis, step = "1"] = process.argv
const task = Approvals.make("/dev/null")

const one = (n: number) => Effect.zipRight(task.start({ n }, { id: Approvals.idOf(n) }), Effect.sleep(Number(millis)))

runUntilSignal(
  Effect.provide(
    Effect.forEach(
      Array.from({ length: Number(count) }, (_, n) => n * Number(step)),
      one,
      { discard: true }
    ),
    Sqlite.layer({ filename })
  )
)
