/** Accepts approvals for whoever owns the database: `starter.js DATABASE COUNT MILLISECONDS`, so long between two of them. */
import * as Effect from "effect/Effect"
import { Sqlite } from "tidemark/sqlite"
import * as Approvals from "../Approvals.js"
import { runUntilSignal } from "../Signals.js"

const [, , filename = "", count, millis] = process.argv
const task = Approvals.make("/dev/null")

const one = (n: number) => Effect.zipRight(task.start({ n }, { id: Approvals.idOf(n) }), Effect.sleep(Number(millis)))

runUntilSignal(
  Effect.provide(
    Effect.forEach(
      Array.from({ length: Number(count) }, (_, n) => n),
      one,
      { discard: true }
    ),
    Sqlite.layer({ filename })
  )
)
