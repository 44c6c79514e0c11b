import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import type { Failure } from "../../src/core/Failure.js"
import { Phase, Task } from "../../src/index.js"
import { asked, engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "s1"
const Page = Task.stage("page", { state: { n: Schema.Number } })
const End = Task.stage("end", { state: Schema.String })

/** Pages up to the last one, whose phase is another. */
const pages = (log: Log, last: number, end: Phase.Phase<unknown, string> = Phase.make("end", log.note("end"))) =>
  Task.make("t", {
    success: Schema.Number,
    error: Schema.String,
    stages: [
      Page.body(function* ({ n }) {
        log.lines.push(`body ${n}`)
        yield* undoable(log, `fetch ${n}`)
        if (n < last) return yield* Page.enter({ n: n + 1 })
        yield* end
        return n
      })
    ],
    *run() {
      log.lines.push("run")
      yield* undoable(log, "a")
      return yield* Page.enter({ n: 1 })
    }
  })

const faultOf = (failures: ReadonlyArray<Failure>) => {
  const [failure] = failures
  return failure?._tag === "Fault" ? [failure.reason, failure.path, failure.message] : []
}

describe("a task of stages", () => {
  it.scoped("goes through them, and says where it is", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = pages(log, 3)
      const { run, service } = yield* engine(store, [task])
      assert.strictEqual(yield* run(task.execute({}, { id })), 3)
      const status = yield* service.status(id)
      assert.deepStrictEqual(status.stage, { name: "page", n: 3, state: { n: 3 } })
      assert.strictEqual(status.position, "@page#3/end")
      assert.deepStrictEqual(
        status.phases.map(({ path }) => path),
        ["@page#3/fetch 3", "@page#3/end"]
      )
      const entered = (yield* service.history(id)).flatMap(({ entry }) =>
        entry._tag === "StageEntered" ? [[entry.stage, entry.n, entry.state]] : []
      )
      assert.deepStrictEqual(entered, [
        ["page", 1, { n: 1 }],
        ["page", 2, { n: 2 }],
        ["page", 3, { n: 3 }]
      ])
    })
  )

  it.scoped("is resumed in the stage that it entered last, from its state", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const hangs = pages(log, 2, Phase.make("end", never))
      const first = yield* engine(store, [hangs])
      yield* first.run(hangs.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "@page#2/end")
      yield* first.kill
      log.lines.length = 0
      const second = yield* engine(store, [pages(log, 2)])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["body 2", "end"])
    })
  )

  it.scoped("goes on without reading what was before its stage; only a revert needs that", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const hangs = pages(log, 5, Phase.make("end", never))
      const first = yield* engine(store, [hangs])
      yield* first.run(hangs.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "@page#5/end")
      yield* first.kill
      // A flipped bit that nobody meets who does not look there.
      const { rows } = store.executions.get(id)!
      const whole = rows[4]!
      rows[4] = { ...whole, body: whole.body.replace("a", "b") }
      const { run, service } = yield* engine(store, [pages(log, 5)])
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.strictEqual(yield* run(pages(log, 5).execute({}, { id })), 5)
      assert.strictEqual((yield* Effect.flip(service.history(id)))._tag, "JournalCorrupt")
      const count = rows.length
      assert.strictEqual((yield* Effect.flip(service.revert(id)))._tag, "JournalCorrupt")
      assert.lengthOf(rows, count)
      rows[4] = whole
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
    })
  )

  it.scoped("that comes to a failure, and cannot read what is to be undone, says so and stays where it is", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        stages: [
          End.body(function* () {
            yield* undoable(log, "b")
            yield* Phase.make(
              "c",
              Effect.suspend(() => {
                const { rows } = store.executions.get(id)!
                rows[2] = { ...rows[2]!, body: rows[2]!.body.replace("a", "b") }
                return Effect.fail("no")
              })
            )
          })
        ],
        *run() {
          yield* undoable(log, "a")
          yield* undoable(log, "a2")
          return yield* End.enter("x")
        }
      })
      const { run, service } = yield* engine(store, [task])
      const error = yield* Effect.flip(run(task.execute({}, { id })))
      assert.deepInclude(error, { _tag: "StoreError", reason: "Corrupt" })
      assert.strictEqual(store.executions.get(id)!.row.status, "Reverting")
      assert.strictEqual((yield* Effect.flip(service.status(id)))._tag, "JournalCorrupt")
      assert.deepStrictEqual(log.lines, ["a", "a2", "b"])
    })
  )

  it.scoped("holds what its present stage did, and nothing else", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = pages(log, 300)
      const { run, service } = yield* engine(store, [task], { maxPhases: 10, maxJournal: 2_000 })
      assert.strictEqual(yield* run(task.execute({}, { id })), 300)
      assert.lengthOf((yield* service.status(id)).phases, 2)
    })
  )

  it.scoped("stops at a checkpoint of a later stage, and goes back to one of an earlier one", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = Task.make("t", {
        stages: [
          Page.body(function* ({ n }) {
            yield* undoable(log, `fetch ${n}`)
            if (n < 2) return yield* Page.enter({ n: n + 1 })
            yield* Phase.checkpoint("last")
            yield* undoable(log, "end")
          })
        ],
        *run() {
          yield* Phase.checkpoint("first")
          return yield* Page.enter({ n: 1 })
        }
      })
      const first = yield* engine(store, [task])
      yield* Effect.exit(first.run(task.execute({}, { id, stopAt: "last" })))
      assert.deepInclude(yield* first.service.status(id), { status: "Paused", position: "@page#2/last" })
      yield* first.end
      const { service } = yield* engine(store, [task])
      assert.deepInclude(yield* service.goTo(id, "first"), { status: "Paused", position: "first", stage: undefined })
      assert.deepStrictEqual(log.lines.splice(0), ["fetch 1", "fetch 2", "undo fetch 2", "undo fetch 1"])
      yield* service.resume(id)
      yield* service.settled(id)
      assert.strictEqual((yield* service.status(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["fetch 1", "fetch 2", "end"])
    })
  )

  it.scoped("has the entering on disk with the first phase of the stage, in one commit", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = pages(log, 1)
      const { run } = yield* engine(store, [task])
      let appends = 0
      store.watchers.add(() => void appends++)
      yield* run(task.execute({}, { id }))
      // Its creation and start; three outcomes, each with what comes after it.
      assert.strictEqual(appends, 4)
    })
  )

  it.scoped("that enters for ever without a phase can be paused, resumed, and closed", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = Task.make("t", {
        stages: [
          Page.body(function* ({ n }) {
            return yield* Page.enter({ n: n + 1 })
          })
        ],
        *run() {
          yield* undoable(log, "a")
          return yield* Page.enter({ n: 0 })
        }
      })
      const { run, service } = yield* engine(store, [task])
      yield* Effect.fork(Effect.exit(run(task.execute({}, { id }))))
      yield* recorded(store, id, "StageEntered")
      assert.strictEqual((yield* service.pause(id)).status, "Paused")
      const count = entries(store, id).length
      yield* idle
      assert.strictEqual(entries(store, id).length, count)
      assert.strictEqual((yield* service.status(id)).position, `@page#${count - 6}`)
      yield* service.resume(id)
      yield* recorded(store, id, "Resumed")
      yield* service.close(id, { revert: true })
      assert.strictEqual((yield* service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "undo a"])
    })
  )

  it.scoped("that enters for ever is over when its time is", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = Task.make("t", {
        timeout: "10 seconds",
        stages: [
          Page.body(function* ({ n }) {
            return yield* Page.enter({ n: n + 1 })
          })
        ],
        *run() {
          yield* Phase.make("a", Effect.sleep("10 seconds"))
          return yield* Page.enter({ n: 0 })
        }
      })
      const { run, service } = yield* engine(store, [task])
      const fiber = yield* Effect.fork(Effect.exit(run(task.execute({}, { id }))))
      yield* recorded(store, id, "PhaseStarted")
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      const { failures, status } = yield* service.status(id)
      assert.deepStrictEqual([status, failures.map(({ _tag }) => _tag)], ["Failed", ["Timeout"]])
      assert.isBelow(entries(store, id).length, 10)
    })
  )

  it.scoped("may wait in a stage, and is handed back in one", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = Task.make("t", {
        success: Schema.String,
        stages: [
          End.body(function* (text) {
            yield* Phase.sleep("nap", "1 hour")
            return text + (yield* Phase.signal("word", Schema.String))
          })
        ],
        *run() {
          return yield* End.enter("said ")
        }
      })
      const first = yield* engine(store, [task])
      yield* Effect.fork(Effect.exit(first.run(task.execute({}, { id }))))
      yield* recorded(store, id, "Waiting")
      yield* first.end
      const second = yield* engine(store, [task])
      yield* TestClock.adjust("1 hour")
      yield* second.service.signal(id, "word", "so")
      yield* asked(idle)
      assert.deepInclude(yield* second.service.status(id), { status: "Completed", result: "said so" })
    })
  )

  it.scoped("may be a child, that stage by stage answers to its parent", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = pages(log, 2)
      const parent = Task.make("parent", {
        success: Schema.Number,
        error: Schema.String,
        *run() {
          return yield* child.phase({})
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [parent, child])
      assert.strictEqual(yield* run(parent.execute({}, { id })), 2)
      yield* service.revert(id)
      assert.deepStrictEqual(log.lines.slice(-3), ["undo fetch 2", "undo fetch 1", "undo a"])
    })
  )
})

describe("a stage", () => {
  const other = Task.stage("page", { state: { n: Schema.Number } })
  const date = Task.stage("date", { state: { at: Schema.Number } })

  /** What stops a task that enters something that its compiler did not see to. */
  const stopped = (enters: Phase.Phase<never, never, never, string>, stages: ReadonlyArray<unknown> = []) =>
    Effect.gen(function* () {
      const task = Task.make("t", {
        stages: stages as never,
        *run() {
          yield* Phase.checkpoint("mark")
          return yield* enters
        }
      } as never) as unknown as ReturnType<typeof pages>
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.exit(run(task.execute({}, { id })))
      const { failures, status } = yield* service.status(id)
      assert.strictEqual(status, "Failed")
      return faultOf(failures)
    })

  it.scoped("that the task has not stops it there", () =>
    Effect.gen(function* () {
      const body = Page.body(function* () {})
      const missing = ["StageNotRegistered", "mark", 'the task has no such stage "page": add its body to `stages`']
      assert.deepStrictEqual(yield* stopped(Page.enter({ n: 1 })), missing)
      assert.deepStrictEqual(yield* stopped(other.enter({ n: 1 }), [body]), missing)
    })
  )

  it.scoped("whose state cannot be recorded stops it there, too", () =>
    Effect.gen(function* () {
      const found = yield* stopped(date.enter({ at: "x" as never }), [date.body(function* () {})])
      assert.deepStrictEqual(found.slice(0, 2), ["ValueNotRecordable", "mark"])
      assert.include(found[2]!, "the state of stage date")
    })
  )

  it.scoped("whose state is too large stops it there", () =>
    Effect.gen(function* () {
      const task = Task.make("t", {
        stages: [End.body(function* () {})],
        *run() {
          return yield* End.enter("x".repeat(200))
        }
      })
      const { run, service } = yield* engine(memory(), [task], { maxValue: 100 })
      yield* Effect.exit(run(task.execute({}, { id })))
      assert.deepStrictEqual(faultOf((yield* service.status(id)).failures).slice(0, 1), ["ValueNotRecordable"])
    })
  )

  it.scoped("is not entered from a group, a branch, or a revert", () =>
    Effect.gen(function* () {
      const inside = (make: () => Phase.Phase<unknown>) =>
        Effect.gen(function* () {
          const task = Task.make("t", {
            stages: [Page.body(function* () {})],
            *run() {
              yield* make()
            }
          })
          const { run, service } = yield* engine(memory(), [task])
          yield* Effect.exit(run(task.execute({}, { id })))
          return (yield* service.status(id)).failures[0]
        })
      const enter = Page.enter({ n: 1 }) as never
      const grouped = yield* inside(() =>
        Phase.group("g", function* () {
          yield* enter as Phase.Phase<never>
        })
      )
      assert.deepInclude(grouped, { _tag: "Fault", reason: "StrangeYield", path: "g" })
      const branch = yield* inside(() => Phase.all([enter]) as never)
      assert.strictEqual(branch?._tag, "TaskDefect")
    })
  )

  it.scoped("that new code reads no more, or has no more, parks the execution, and says where", () =>
    Effect.gen(function* () {
      const log = logbook()
      const hangs = pages(log, 1, Phase.make("end", never))
      const Text = Task.stage("page", { state: { n: Schema.String } })
      const renamed = Task.make("t", {
        stages: [Text.body(function* () {})],
        *run() {}
      })
      const without = Task.make("t", { *run() {} })
      const found: Array<unknown> = []
      for (const code of [renamed, without]) {
        const store = memory()
        const first = yield* engine(store, [hangs])
        yield* first.run(hangs.start({}, { id }))
        yield* recorded(store, id, "PhaseStarted", "@page#1/end")
        yield* first.kill
        const second = yield* engine(store, [code])
        const { failures, status } = yield* second.service.settled(id)
        assert.strictEqual(status, "Failed")
        found.push(faultOf(failures).slice(0, 2))
        const refused = yield* Effect.flip(second.service.close(id))
        assert.strictEqual(refused._tag, "HistoryMismatch")
        yield* second.end
        // With the code that fits, it goes on.
        const third = yield* engine(store, [pages(log, 1)])
        yield* third.service.resume(id)
        assert.strictEqual((yield* third.service.settled(id)).status, "Completed")
        yield* third.end
      }
      assert.deepStrictEqual(found, [
        ["ValueNotDecodable", "@page#1"],
        ["StageNotRegistered", "@page#1"]
      ])
    })
  )

  it.scoped("whose code is another one does not fit, and says so", () =>
    Effect.gen(function* () {
      const log = logbook()
      const hangs = pages(log, 1, Phase.make("end", never))
      const store = memory()
      const first = yield* engine(store, [hangs])
      yield* first.run(hangs.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "@page#1/end")
      yield* first.kill
      const changed = Task.make("t", {
        stages: [
          Page.body(function* ({ n }) {
            return yield* Page.enter({ n })
          })
        ],
        *run() {
          return yield* Page.enter({ n: 1 })
        }
      })
      const second = yield* engine(store, [changed])
      const { failures } = yield* second.service.settled(id)
      const [reason, path, message] = faultOf(failures)
      assert.deepStrictEqual([reason, path], ["HistoryMismatch", "@page#1/fetch 1"])
      assert.include(message, 'the code comes to stage "page"')
    })
  )
})

describe("a revert over stages", () => {
  /** Completed by one engine, reverted by another with other code. */
  const revertedBy = (log: Log, code: (log: Log) => { readonly layer: ReturnType<typeof pages>["layer"] }) =>
    Effect.gen(function* () {
      const store = memory()
      const first = yield* engine(store, [pages(log, 2)])
      yield* first.run(pages(log, 2).execute({}, { id }))
      yield* first.end
      log.lines.length = 0
      const second = yield* engine(store, [code(log)])
      yield* Effect.exit(second.service.revert(id))
      return { store, second, status: yield* second.service.status(id) }
    })

  it.scoped("finds the undos of each in its own body, made from its state", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { status } = yield* revertedBy(log, () => pages(log, 2))
      assert.strictEqual(status.status, "Reverted")
      assert.deepStrictEqual(
        log.lines.filter((line) => line.startsWith("undo")),
        ["undo fetch 2", "undo fetch 1", "undo a"]
      )
      assert.deepStrictEqual(
        status.phases.slice(0, 4).map(({ path, state }) => [path, state]),
        [
          ["a", "undone"],
          ["@page#1/fetch 1", "undone"],
          ["@page#2/fetch 2", "undone"],
          ["@page#2/end", "succeeded"]
        ]
      )
    })
  )

  it.scoped("is not begun where the code of an earlier stage does not fit; a revert of its own is", () =>
    Effect.gen(function* () {
      const log = logbook()
      const changed = (own: boolean) =>
        Task.make("t", {
          success: Schema.Number,
          stages: [
            Page.body(function* ({ n }) {
              if (n === 1) yield* Phase.make("other", log.note("other"))
              yield* undoable(log, `fetch ${n}`)
              yield* Phase.make("end", log.note("end"))
              return n
            })
          ],
          *run() {
            yield* undoable(log, "a")
            return yield* Page.enter({ n: 1 })
          },
          ...(own
            ? {
                *revert(completed: ReadonlyArray<Task.Completed>) {
                  for (const { path } of completed) yield* Phase.make(`drop ${path}`, log.note(`drop ${path}`))
                }
              }
            : {})
        })
      const { store, status } = yield* revertedBy(log, () => changed(false))
      assert.strictEqual(status.status, "RevertFailed")
      assert.deepStrictEqual(faultOf(status.failures).slice(0, 2), ["HistoryMismatch", "@page#1/fetch 1"])
      assert.notInclude(tags(store, id).slice(-3), "PhaseStarted")
      log.lines.length = 0
      const { status: own } = yield* revertedBy(log, () => changed(true))
      assert.strictEqual(own.status, "Reverted")
      assert.deepStrictEqual(log.lines, ["drop @page#2/end", "drop @page#2/fetch 2", "drop @page#1/fetch 1", "drop a"])
    })
  )

  it.scoped("is not begun where the code has an earlier stage no more", () =>
    Effect.gen(function* () {
      const log = logbook()
      const Last = Task.stage("last", { state: {} })
      const make = (known: boolean) =>
        Task.make("t", {
          stages: [
            Last.body(function* () {
              yield* undoable(log, "b")
            }),
            ...(known
              ? [
                  Page.body(function* () {
                    yield* undoable(log, "c")
                    return yield* Last.enter({})
                  })
                ]
              : [])
          ],
          *run() {
            yield* undoable(log, "a")
            return yield* (known ? Page.enter({ n: 1 }) : Last.enter({})) as Phase.Phase<never>
          }
        }) as unknown as ReturnType<typeof pages>
      const store = memory()
      const first = yield* engine(store, [make(true)])
      yield* first.run(make(true).execute({}, { id }))
      yield* first.end
      const second = yield* engine(store, [make(false)])
      yield* Effect.exit(second.service.revert(id))
      const { failures, status } = yield* second.service.status(id)
      assert.deepStrictEqual(
        [status, faultOf(failures).slice(0, 2)],
        ["RevertFailed", ["StageNotRegistered", "@page#1"]]
      )
      yield* second.end
      const third = yield* engine(store, [make(true)])
      yield* third.service.resume(id)
      assert.strictEqual((yield* third.service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "c", "b", "undo b", "undo c", "undo a"])
    })
  )

  it.scoped("goes on after a pause of its failure's stage, with what was forgotten", () =>
    Effect.gen(function* () {
      const log = logbook()
      const failed = failing(log, "no")
      const task = pages(log, 2, failed)
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.exit(run(task.execute({}, { id })))
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines.slice(-3), ["undo fetch 2", "undo fetch 1", "undo a"])
    })
  )

  it.scoped("undoes what is in doubt in an earlier stage's clean-up no more than any clean-up", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        stages: [
          End.body(function* () {
            yield* gated(log, "b", never)
          })
        ],
        *run() {
          try {
            yield* undoable(log, "a")
            return yield* End.enter("x")
          } finally {
            yield* failing(log, "clean")
          }
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* Effect.fork(Effect.exit(run(task.execute({}, { id }))))
      yield* recorded(store, id, "PhaseStarted", "@end#1/b")
      yield* service.close(id, { revert: true })
      assert.strictEqual((yield* service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "clean", "b let go", "undo b?", "undo a"])
    })
  )
})
