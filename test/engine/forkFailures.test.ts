import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { engine, entries, logbook, memory } from "../support/engines.js"
import { type Log, undoable } from "../support/phases.js"

const id = "f1"

const failsAt = (name: string) => Phase.make(name, Effect.fail(name))

/** Two branches beside each other, in groups: the first one is over at once, if it ends like that. */
const beside = (log: Log, first: Phase.Phase<unknown, string, never, never, true>) =>
  Task.make("beside", {
    error: Schema.String,
    *run() {
      yield* Phase.all([
        Phase.group("first", function* () {
          yield* first
        }),
        Phase.group("second", function* () {
          yield* undoable(log, "effect")
        })
      ])
    }
  })

describe("a failure that comes at once", () => {
  it.scoped("starts nothing beside it that comes after it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const { run } = yield* engine(store)
      assert.strictEqual(yield* Effect.flip(run(beside(log, Phase.fail("no")).execute({}, { id }))), "no")
      assert.deepStrictEqual(log.lines, [])
      const paths = entries(store, id).flatMap((entry) => (entry._tag === "PhaseStarted" ? [entry.path] : []))
      assert.deepStrictEqual(paths, ["all", "all/first", "all/second", "all/first/fail"])
    })
  )

  it.scoped("lets the others begin where it is no failure, or a value", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { run } = yield* engine(memory())
      yield* run(beside(log, Phase.checkpoint("mark")).execute({}, { id: "mark" }))
      yield* run(beside(log, Phase.either(failsAt("no"))).execute({}, { id: "either" }))
      assert.deepStrictEqual(log.lines, ["effect", "effect"])
    })
  )

  it.scoped("starts nothing beside a checkpoint that wins a race", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        *run() {
          yield* Phase.race([Phase.checkpoint("mark"), undoable(log, "late")])
        }
      })
      const { run } = yield* engine(memory())
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(log.lines, [])
    })
  )
})
