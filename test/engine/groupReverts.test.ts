import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "v1"

describe("a group that has returned", () => {
  const grouped = (log: Log, undoB: Effect.Effect<void> = log.note("undo b")) =>
    Task.make("t", {
      success: Schema.Number,
      *run() {
        yield* undoable(log, "a")
        const found = yield* Phase.group("g", function* () {
          const [kept] = yield* Phase.all([Phase.make("b", Effect.as(log.note("b"), "kept"), { undo: () => undoB })])
          yield* Phase.group("deep", function* () {
            yield* Phase.make("c", log.note("c"), { undo: () => log.note(`undo c of ${kept}`) })
          })
          return kept.length
        })
        yield* undoable(log, "d")
        return found
      }
    })

  it.scoped("is not entered again by a process that comes after, but for its undos", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const first = yield* engine(store, [grouped(log)])
      assert.strictEqual(yield* first.run(grouped(log).execute({}, { id })), 4)
      yield* first.end
      const second = yield* engine(store, [grouped(log)])
      assert.strictEqual((yield* second.service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "b", "c", "d", "undo d", "undo c of kept", "undo b", "undo a"])
    })
  )

  it.scoped("is undone on from where a process died in it", () =>
    Effect.gen(function* () {
      const log = logbook()
      let crashed = false
      const task = grouped(
        log,
        Effect.suspend(() => (crashed ? log.note("undo b") : never))
      )
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.execute({}, { id }))
      yield* Effect.fork(first.service.revert(id))
      yield* recorded(store, id, "PhaseStarted", "revert#1/undo/g/all/b")
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines.slice(4), ["undo d", "undo c of kept", "undo b", "undo a"])
    })
  )

  it.scoped("is one of what completed for the task's own revert, and undone as one", () =>
    Effect.gen(function* () {
      const log = logbook()
      const given: Array<unknown> = []
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* undoable(log, "a")
          yield* Phase.group("g", function* () {
            yield* undoable(log, "b")
            yield* Phase.all([undoable(log, "c"), undoable(log, "d")])
            return { done: true }
          })
          yield* Phase.all([undoable(log, "e")])
          yield* Phase.group("open", function* () {
            yield* undoable(log, "f")
            yield* Phase.group("returned", function* () {
              yield* undoable(log, "h")
            })
            yield* failing(log, "no")
          })
        },
        *revert(completed) {
          given.push(...completed.map(({ name, path, value }) => [name, path, value]))
          for (const phase of completed) {
            yield* Phase.make(`now ${phase.path}`, log.note(`now ${phase.path}`))
            yield* phase.undo
          }
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.flip(run(task.execute({}, { id })))
      assert.deepStrictEqual(given, [
        ["returned", "open/returned", undefined],
        ["f", "open/f", "f"],
        ["e", "all/e", "e"],
        ["g", "g", { done: true }],
        ["a", "a", "a"]
      ])
      assert.deepStrictEqual(log.lines.slice(8), [
        ...["now open/returned", "undo h", "now open/f", "undo f", "now all/e", "undo e"],
        ...["now g", "undo d", "undo c", "undo b", "now a", "undo a"]
      ])
      assert.strictEqual((yield* service.status(id)).status, "Reverted")
    })
  )
})

describe("a commit checkpoint", () => {
  const commit = Phase.checkpoint("paid", { commit: true })

  it.scoped("in a branch keeps what came before it there, and before the fork; not what ran beside it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* undoable(log, "a")
          yield* Phase.all([
            Phase.group("x", function* () {
              yield* undoable(log, "b")
              yield* commit
              yield* undoable(log, "c")
            }),
            undoable(log, "d"),
            Phase.graph("g", {
              e: { run: undoable(log, "e") },
              f: { run: undoable(log, "f") },
              h: {
                needs: ["e"],
                run: Phase.group("h", function* () {
                  yield* undoable(log, "i")
                  yield* commit
                })
              }
            })
          ])
          yield* undoable(log, "j")
        }
      })
      for (const restart of [false, true]) {
        const store = memory()
        const first = yield* engine(store, [task])
        yield* first.run(task.execute({}, { id }))
        if (restart) yield* first.end
        log.lines.length = 0
        const { service } = restart ? yield* engine(store, [task]) : first
        yield* service.revert(id)
        assert.sameMembers(log.lines, ["undo j", "undo c", "undo d", "undo f"])
        assert.strictEqual(entries(store, id).filter(({ _tag }) => _tag === "Reverted").length, 1)
        yield* first.end
      }
    })
  )

  it.scoped("keeps what came before it from a strategy that tries again, and from the end of a race, too", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              yield* undoable(log, `a ${attempt}`)
              yield* commit
              yield* undoable(log, `b ${attempt}`)
              if (attempt === 1) yield* failing(log, "no")
            },
            { retry: Retry.times(2) }
          )
          yield* Phase.race([
            Phase.group("x", function* () {
              yield* undoable(log, "c")
              yield* commit
              yield* undoable(log, "d")
              yield* gated(log, "e", never)
            }),
            Phase.make("fast", Effect.zipRight(idle, log.note("fast")))
          ])
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(log.lines.splice(0), [
        ...["a 1", "b 1", "no", "undo b 1", "a 2", "b 2"],
        ...["c", "d", "fast", "e let go", "undo e?", "undo d"]
      ])
      yield* service.revert(id)
      assert.deepStrictEqual(log.lines, [])
    })
  )
})
