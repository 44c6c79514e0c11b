/**
 * The witness of the power and disk tests: `marks.js DATABASE DURABILITY MARKS EXECUTIONS PHASES CONCURRENCY [MILLISECONDS]`. Every
 * effect first writes a line `mark EXECUTION PHASE` to MARKS, and answers the token `tok-EXECUTION-PHASE-`, which the journal
 * records; each result is printed as `result EXECUTION`. So a trace of the writes shows what was on disk before each effect
 * and each answer.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import { runUntilSignal } from "../Signals.js"

const [, , filename = "", durability = "", marks = "", ...numbers] = process.argv
const [executions = 1, phases = 1, concurrency = 1, millis = 0] = numbers.map(Number)
const file = fs.openSync(marks, "a")

const marking = Task.make("marking", {
  payload: { id: Schema.String, phases: Schema.Number },
  success: Schema.String,
  *run({ id, phases }) {
    for (let phase = 0; phase < phases; phase++) {
      const effect = Effect.sync(() => {
        fs.writeSync(file, `mark ${id} ${phase}\n`)
        return `tok-${id}-${phase}-`
      })
      yield* Phase.make(`p${phase}`, millis === 0 ? effect : Effect.delay(effect, millis), { undo: () => Effect.void })
    }
    return `end-${id}-`
  }
})

const one = (index: number) =>
  Effect.gen(function* () {
    const id = `x${index}`
    const exit = yield* Effect.exit(marking.execute({ id, phases }, { id }))
    if (Exit.isSuccess(exit)) fs.writeSync(1, `result ${id}\n`)
    else fs.writeSync(1, `refused ${id} ${exit.cause._tag === "Fail" ? exit.cause.error._tag : String(exit.cause)}\n`)
    return Exit.isSuccess(exit)
  })

const main = Effect.gen(function* () {
  fs.writeSync(1, `up ${process.pid}\n`)
  const indexes = Array.from({ length: executions }, (_, index) => index)
  const all = yield* Effect.forEach(indexes, one, { concurrency })
  fs.writeSync(1, `all answered\n`)
  if (all.includes(false)) return yield* Effect.fail(`${all.filter((answered) => !answered).length} were refused`)
})

runUntilSignal(
  Effect.provide(main, Sqlite.layer({ filename, durability: durability === "normal" ? "normal" : "full" }))
)
