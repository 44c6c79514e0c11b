import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, logbook, memory, recorded } from "../support/engines.js"
import { failing, type Log, never, undoable } from "../support/phases.js"

const id = "c1"

/** Fails after a group; its `finally` block races, and tries something twice. */
const racing = (log: Log, hang: Effect.Effect<void> = Effect.void) =>
  Task.make("racing", {
    error: Schema.String,
    *run() {
      try {
        yield* Phase.group("g", function* () {
          yield* undoable(log, "a")
        })
        yield* failing(log, "no")
      } finally {
        yield* Phase.race([undoable(log, "b"), undoable(log, "c")])
        yield* Phase.group(
          "tries",
          function* (attempt) {
            yield* undoable(log, `d ${attempt}`)
            if (attempt === 1) yield* failing(log, "e")
            yield* Phase.make("hang", hang)
          },
          { retry: Retry.times(2) }
        )
      }
    }
  })

const cleaned = ["b", "c", "undo c", "d 1", "e", "undo d 1", "d 2"]

describe("forks and groups in a `finally` block", () => {
  it.scoped("undo what lost and what is tried again; a revert undoes nothing of a clean-up", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { run, service } = yield* engine(memory(), [racing(log)])
      yield* Effect.flip(run(racing(log).execute({}, { id })))
      yield* service.close(id)
      assert.deepStrictEqual(log.lines.splice(0), ["a", "no", ...cleaned])
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["undo a"])
    })
  )

  it.scoped("do so in a process that did not see the rest, too", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const first = yield* engine(store, [racing(log)])
      yield* Effect.flip(first.run(racing(log).execute({}, { id })))
      yield* first.end
      log.lines.length = 0
      const second = yield* engine(store, [racing(log)])
      assert.strictEqual((yield* second.service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, [...cleaned, "undo a"])
    })
  )

  it.scoped("go on after a crash in them", () =>
    Effect.gen(function* () {
      const log = logbook()
      let crashed = false
      const task = racing(
        log,
        Effect.suspend(() => (crashed ? log.note("hang") : never))
      )
      const store = memory()
      const first = yield* engine(store, [task])
      yield* Effect.flip(first.run(task.execute({}, { id })))
      yield* Effect.fork(first.service.revert(id))
      yield* recorded(store, id, "PhaseStarted", "close/tries/hang")
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "no", ...cleaned, "hang", "undo a"])
      const paths = entries(store, id).flatMap((entry) => (entry._tag === "PhaseStarted" ? [entry.path] : []))
      assert.includeMembers(paths, [
        "close/race/undo/close/race/c",
        "close/tries/revert#1/undo/close/tries/d 1",
        "revert#1/undo/g/a"
      ])
    })
  )

  it.scoped("go on where they were when the execution is closed", () =>
    Effect.gen(function* () {
      const log = logbook()
      let closed = false
      const hang = (name: string) =>
        Phase.make(
          name,
          Effect.suspend(() => (closed ? log.note(name) : never))
        )
      const task = Task.make("t", {
        *run() {
          yield* Phase.exit(
            Phase.group("g", function* () {
              try {
                yield* failing(log, "no")
              } finally {
                yield* undoable(log, "a")
                yield* Phase.race([
                  Phase.all([undoable(log, "b"), hang("c")], { name: "both" }),
                  Phase.group(
                    "tries",
                    function* (attempt) {
                      yield* undoable(log, `d ${attempt}`)
                      if (attempt === 1) yield* failing(log, "e")
                      else yield* Phase.make("never", never)
                    },
                    { retry: Retry.times(2) }
                  )
                ])
                yield* undoable(log, "last")
              }
            })
          )
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "g/close/race/tries/never")
      assert.deepStrictEqual(log.lines.splice(0), ["no", "a", "b", "d 1", "e", "undo d 1", "d 2"])
      closed = true
      assert.strictEqual((yield* service.close(id)).status, "Closed")
      assert.deepStrictEqual(log.lines, ["c", "undo d 2", "last"])
    })
  )

  it.scoped("are left for good by an undo that fails in them", () =>
    Effect.gen(function* () {
      const log = logbook()
      let broken = true
      const jammed = (name: string) =>
        Phase.make(name, log.note(name), {
          undo: () => Effect.suspend(() => (broken ? Effect.fail("jammed") : log.note(`undo ${name}`)))
        })
      const task = Task.make("t", {
        *run() {
          yield* Phase.race([
            Phase.make("fast", log.note("fast")),
            jammed("slow"),
            Phase.group("g", function* () {
              try {
                yield* Phase.make("never", never)
              } finally {
                try {
                  yield* Phase.race([undoable(log, "b"), jammed("c")])
                  yield* undoable(log, "not this")
                } finally {
                  yield* undoable(log, "last")
                }
              }
            })
          ])
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* run(Effect.flip(task.execute({}, { id })))
      broken = false
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["fast", "slow", "b", "c", "last", "undo slow"])
    })
  )
})

describe("what an operator skips while an execution is closed", () => {
  it.scoped("is a phase of its clean-up, not one that the body has left", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        *run() {
          try {
            yield* Phase.make("a", never)
          } finally {
            yield* Phase.make("c", Effect.as(never, "c"), { inDoubt: "ask" })
            yield* undoable(log, "d")
          }
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "a")
      yield* Effect.fork(Effect.exit(first.service.close(id)))
      yield* recorded(store, id, "PhaseStarted", "close/c")
      yield* first.kill
      const { service } = yield* engine(store, [task])
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      const refused = yield* Effect.flip(service.skip(id, "a"))
      assert.deepInclude(refused, { _tag: "PhaseNotOpen", reason: "the task does not stand at it" })
      yield* service.skip(id, "close/c", "c")
      assert.strictEqual((yield* service.settled(id)).status, "Closed")
      assert.deepStrictEqual(log.lines, ["d"])
    })
  )
})
