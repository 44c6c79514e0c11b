import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, tags } from "../support/engines.js"
import { failing, type Log, never, undoable } from "../support/phases.js"

const id = "b1"
const mark = Phase.checkpoint

/** An engine over a store of its own. */
const alone = (tasks: Parameters<typeof engine>[1]) =>
  Effect.gen(function* () {
    const store = memory()
    return { ...(yield* engine(store, tasks)), store }
  })

/** Runs to its last phase, which fails; then does what is asked. */
const stuck = (log: Log) =>
  Task.make("t", {
    error: Schema.String,
    success: Schema.String,
    *run() {
      yield* undoable(log, "a")
      yield* mark("one")
      yield* undoable(log, "b")
      const found = yield* Phase.group("g", function* () {
        yield* undoable(log, "c")
        yield* mark("two")
        yield* undoable(log, "d")
        return "grouped"
      })
      yield* mark("three")
      yield* undoable(log, "e")
      yield* failing(log, "f")
      return found
    }
  })

/** An execution of it that is Failed, with nothing logged yet. */
const failed = (log: Log, restart = false) =>
  Effect.gen(function* () {
    const store = memory()
    const task = stuck(log)
    const first = yield* engine(store, [task])
    yield* Effect.flip(first.run(task.execute({}, { id })))
    log.lines.length = 0
    if (!restart) return { ...first, store, task }
    yield* first.end
    return { ...(yield* engine(store, [task])), store, task }
  })

describe("going back to a checkpoint", () => {
  const targets: ReadonlyArray<readonly [to: string, undone: string, again: string]> = [
    ["three", "undo e", "e f"],
    ["two", "undo e,undo d", "d e f"],
    ["g/two", "undo e,undo d", "d e f"],
    ["one", "undo e,undo d,undo c,undo b", "b c d e f"],
    ["one#1", "undo e,undo d,undo c,undo b", "b c d e f"]
  ]
  for (const restart of [false, true]) {
    for (const [to, undone, again] of targets) {
      it.scoped(
        `${to}, ${restart ? "in another process" : "where it failed"}: undoes what came after, and is Paused`,
        () =>
          Effect.gen(function* () {
            const log = logbook()
            const { run, service, store, task } = yield* failed(log, restart)
            const { failures, status } = yield* service.revert(id, { to, by: "ann" })
            assert.deepStrictEqual([status, failures], ["Paused", []])
            assert.deepStrictEqual(log.lines.splice(0), undone.split(","))
            assert.deepStrictEqual(tags(store, id).slice(-2), ["Rewound", "Paused"])
            yield* service.resume(id)
            assert.strictEqual((yield* service.settled(id)).status, "Failed")
            assert.deepStrictEqual(log.lines, again.split(" "))
            assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "f")
          })
      )
    }
  }

  it.scoped("shows what stands, with the checkpoint as its position; and can be done again and again", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { service } = yield* failed(log)
      for (let time = 0; time < 3; time++) {
        const { phases, position } = yield* service.revert(id, { to: "two" })
        assert.strictEqual(position, "g/two")
        assert.deepStrictEqual(
          phases.map(({ path, state }) => `${path} ${state}`),
          ["a succeeded", "one succeeded", "b succeeded", "g parked", "g/c succeeded", "g/two succeeded"]
        )
        yield* service.resume(id)
        yield* service.settled(id)
        assert.deepStrictEqual(log.lines.splice(0), ["undo e", "undo d", "d", "e", "f"])
      }
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["undo e", "undo d", "undo c", "undo b", "undo a"])
    })
  )

  it.scoped("gives what runs anew another key, and its children other ids", () =>
    Effect.gen(function* () {
      const keys: Array<string> = []
      const log = logbook()
      const child = Task.make("child", {
        *run() {
          yield* undoable(log, "inner")
        }
      })
      const task = Task.make("t", {
        *run() {
          yield* mark("start")
          yield* Phase.make(
            "a",
            Effect.map(Phase.key, (key) => void keys.push(key))
          )
          yield* child.phase({})
          yield* Phase.make("b", keys.length < 2 ? Effect.dieMessage("no") : Effect.void)
        }
      })
      const { run, service, store } = yield* alone([task, child])
      yield* Effect.flip(run(task.execute({}, { id })))
      yield* service.revert(id, { to: "start" })
      assert.deepStrictEqual(log.lines, ["inner", "undo inner"])
      assert.strictEqual((yield* service.status(`${id}/child`)).status, "Reverted")
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.strictEqual(new Set(keys).size, 2)
      assert.sameMembers([...store.executions.keys()], [id, `${id}/child`, `${id}/child~g1`])
    })
  )

  it.scoped("runs no `finally`, and nothing of the generator that was left goes on", () =>
    Effect.gen(function* () {
      const log = logbook()
      let fails = true
      const task = Task.make("t", {
        *run() {
          try {
            yield* mark("start")
            yield* undoable(log, "a")
            yield* Phase.make(
              "b",
              Effect.suspend(() => (fails ? Effect.dieMessage("no") : log.note("b")))
            )
          } finally {
            yield* Phase.make("clean", log.note("clean"))
          }
        }
      })
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id })))
      yield* service.revert(id, { to: "start" })
      fails = false
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "undo a", "a", "b", "clean"])
    })
  )

  it.scoped('goes on at once with `then: "retry"`', () =>
    Effect.gen(function* () {
      const log = logbook()
      const { service, store } = yield* failed(log)
      const status = yield* service.revert(id, { to: "three", then: "retry" })
      assert.include(["Running", "Failed"], status.status)
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      assert.deepStrictEqual(log.lines, ["undo e", "e", "f"])
      assert.notInclude(tags(store, id), "Paused")
      assert.strictEqual((yield* Effect.exit(service.revert(id, { then: "retry" })))._tag, "Failure")
    })
  )

  it.scoped("takes branches, waits and what is in doubt with it: tokens are closed, children undone", () =>
    Effect.gen(function* () {
      const log = logbook()
      const tokens: Array<string> = []
      const child = Task.make("child", {
        *run() {
          yield* undoable(log, "inner")
          yield* Phase.sleep("later", "1 day")
        }
      })
      const task = Task.make("t", {
        success: Schema.Unknown,
        *run() {
          yield* mark("start")
          yield* Phase.all([
            undoable(log, "a"),
            Phase.delegate("ask", {
              success: Schema.String,
              notify: (token) => Effect.sync(() => void tokens.push(token))
            }),
            child.phase({}),
            Phase.group("g", function* () {
              yield* mark("inside")
              yield* Phase.make("b", {
                run: Effect.onInterrupt(never, () => log.note("b let go")),
                timeout: "1 second",
                undoUnknown: () => log.note("undo b?")
              })
            })
          ])
        }
      })
      const { run, service } = yield* alone([task, child])
      yield* run(task.start({}, { id }))
      yield* idle
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      const refused = yield* Effect.flip(service.revert(id, { to: "inside" }))
      assert.strictEqual(refused._tag === "CheckpointRefused" && refused.reason, "notOnSpine")
      yield* service.revert(id, { to: "start" })
      assert.sameMembers(log.lines.splice(0), ["a", "inner", "b let go", "undo a", "undo inner", "undo b?"])
      const closed = yield* Effect.flip(service.complete(tokens[0]!, Exit.succeed("yes")))
      assert.instanceOf(closed, Errors.TokenClosed)
      yield* service.resume(id)
      yield* idle
      assert.strictEqual(tokens.length, 2)
      assert.notStrictEqual(tokens[0], tokens[1])
      yield* service.complete(tokens[1]!, Exit.succeed("yes"))
    })
  )
})

/** The reason for which going back is refused. */
const reasonOf = (error: { readonly _tag: string }): string =>
  error instanceof Errors.CheckpointRefused ? error.reason : error._tag

describe("what cannot be gone back to is refused, and nothing moves", () => {
  it.scoped("a name that nothing has, with those that there are; and several of one number", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          for (const name of ["x", "y"]) {
            yield* Phase.group(name, function* () {
              yield* mark("m")
              yield* mark("m")
            })
          }
          yield* mark("odd#name/1")
          yield* failing(log, "f")
        }
      })
      const { run, service, store } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id })))
      const before = store.executions.get(id)!.rows.length
      const unknown = yield* Effect.flip(service.revert(id, { to: "n" }))
      assert.include(unknown.message, "x/m, x/m#2, y/m, y/m#2, odd~2name~11")
      assert.strictEqual(reasonOf(unknown), "unknown")
      assert.strictEqual(reasonOf(yield* Effect.flip(service.revert(id, { to: "x" }))), "unknown")
      assert.strictEqual(reasonOf(yield* Effect.flip(service.revert(id, { to: "m#2" }))), "ambiguous")
      assert.strictEqual(reasonOf(yield* Effect.flip(service.revert(id, { to: "m#3" }))), "unknown")
      assert.strictEqual(store.executions.get(id)!.rows.length, before)
      for (const [to, position] of [
        ["odd#name/1", "odd~2name~11"],
        ["m", "y/m#2"],
        ["y/m#1", "y/m"],
        ["x/m#2", "x/m#2"],
        ["m#1", "x/m"]
      ] as const) {
        assert.strictEqual((yield* service.revert(id, { to })).position, position)
      }
    })
  )

  it.scoped("what was committed since, wherever that was", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* mark("one")
          yield* Phase.all([
            Phase.group("g", function* () {
              yield* mark("paid", { commit: true })
            })
          ])
          yield* mark("two", { commit: true })
          yield* undoable(log, "a")
          yield* failing(log, "f")
        }
      })
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id })))
      const refused = yield* Effect.flip(service.revert(id, { to: "one" }))
      assert.strictEqual(reasonOf(refused), "committed")
      assert.include(refused.message, "all/g/paid lies between")
      assert.strictEqual((yield* service.revert(id, { to: "two" })).status, "Paused")
    })
  )

  it.scoped("what has ended, is being closed, or runs", () =>
    Effect.gen(function* () {
      const log = logbook()
      let ends: Effect.Effect<void> = never
      const task = Task.make("t", {
        *run() {
          try {
            yield* mark("one")
            yield* Phase.make(
              "a",
              Effect.suspend(() => ends)
            )
          } finally {
            yield* Phase.make("clean", Effect.dieMessage("no"))
          }
        }
      })
      const { run, service } = yield* alone([task])
      yield* run(task.start({}, { id }))
      yield* idle
      assert.strictEqual(reasonOf(yield* Effect.flip(service.revert(id, { to: "one" }))), "IllegalTransition")
      yield* service.close(id)
      assert.strictEqual(reasonOf(yield* Effect.flip(service.revert(id, { to: "one" }))), "ended")
      ends = log.note("a")
      const simple = Task.make("s", {
        *run() {
          yield* mark("one")
        }
      })
      const other = yield* alone([simple])
      yield* other.run(simple.execute({}, { id }))
      assert.strictEqual(reasonOf(yield* Effect.flip(other.service.revert(id, { to: "one" }))), "ended")
      yield* other.service.revert(id)
      assert.strictEqual(reasonOf(yield* Effect.flip(other.service.revert(id, { to: "one" }))), "ended")
      assert.strictEqual(
        reasonOf(yield* Effect.flip(other.service.revert("nobody", { to: "one" }))),
        "ExecutionNotFound"
      )
    })
  )

  it.scoped("code that does not come to it any more, or is not there", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const first = yield* engine(store, [stuck(log)])
      yield* Effect.flip(first.run(stuck(log).execute({}, { id })))
      yield* first.end
      const other = Task.make("t", {
        *run() {
          yield* undoable(log, "other")
        }
      })
      const bare = yield* engine(store)
      assert.strictEqual(reasonOf(yield* Effect.flip(bare.service.revert(id, { to: "one" }))), "TaskNotRegistered")
      yield* bare.end
      const { service } = yield* engine(store, [other])
      const before = entries(store, id).length
      assert.strictEqual(reasonOf(yield* Effect.flip(service.revert(id, { to: "one" }))), "HistoryMismatch")
      assert.strictEqual(entries(store, id).length, before)
    })
  )

  it.scoped("somebody's child, unless it is forced", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = Task.make("child", {
        error: Schema.String,
        *run() {
          yield* mark("one")
          yield* undoable(log, "a")
          yield* failing(log, "f")
        }
      })
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* child.phase({})
        }
      })
      const { run, service } = yield* alone([task, child])
      yield* Effect.flip(run(task.execute({}, { id })))
      const own = `${id}/child`
      assert.strictEqual(reasonOf(yield* Effect.flip(service.revert(own, { to: "one" }))), "OwnedByParent")
      assert.strictEqual((yield* service.revert(own, { to: "one", force: true })).status, "Paused")
    })
  )
})

describe("an undo on the way back that fails", () => {
  const fragile = (log: Log, undo: Effect.Effect<void, string>) =>
    Task.make("t", {
      error: Schema.String,
      *run() {
        yield* mark("zero")
        yield* undoable(log, "a")
        yield* mark("one")
        yield* undoable(log, "b")
        yield* Phase.make("c", { run: log.note("c"), undo: () => undo })
        yield* mark("two")
        yield* undoable(log, "d")
        yield* failing(log, "f")
      }
    })

  const broken = (log: Log, world: { heals: boolean }) =>
    Effect.gen(function* () {
      const undo = Effect.suspend(() => (world.heals ? log.note("undo c") : Effect.fail("stays")))
      const task = fragile(log, undo)
      const found = yield* alone([task])
      yield* Effect.flip(found.run(task.execute({}, { id })))
      log.lines.length = 0
      const incomplete = yield* Effect.flip(found.service.revert(id, { to: "one" }))
      assert.instanceOf(incomplete, Errors.RevertIncomplete)
      assert.strictEqual((yield* found.service.status(id)).status, "RevertFailed")
      assert.deepStrictEqual(log.lines.splice(0), ["undo d"])
      return found
    })

  it.scoped("goes on at it with resume, and with the same call again", () =>
    Effect.gen(function* () {
      for (const way of ["resume", "revert"] as const) {
        const log = logbook()
        const world = { heals: false }
        const { service } = yield* broken(log, world)
        world.heals = true
        if (way === "resume") yield* service.resume(id)
        else yield* service.revert(id, { to: "one" })
        assert.strictEqual((yield* service.settled(id)).status, "Paused")
        assert.deepStrictEqual(log.lines, ["undo c", "undo b"])
      }
    })
  )

  it.scoped("is passed over by skip", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { service } = yield* broken(log, { heals: false })
      yield* service.skip(id, "revert#1/undo/c")
      const { position, status } = yield* service.settled(id)
      assert.deepStrictEqual([status, position], ["Paused", "one"])
      assert.deepStrictEqual(log.lines.splice(0), ["undo b"])
      yield* service.resume(id)
      yield* service.settled(id)
      assert.deepStrictEqual(log.lines, ["b", "c", "d", "f"])
    })
  )

  it.scoped("is passed over with the token that its phase gave out: nobody completes what is superseded", () =>
    Effect.gen(function* () {
      const tokens: Array<string> = []
      const store = memory()
      const task = Task.make("asked", {
        *run() {
          yield* mark("one")
          const take = Effect.map(Phase.token, (token) => void tokens.push(token))
          yield* Phase.make("c", { run: Effect.zipRight(take, Effect.never), inDoubt: "ask" })
        }
      })
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* idle
      yield* first.kill
      const { service } = yield* engine(store, [task])
      yield* service.settled(id)
      assert.strictEqual((yield* Effect.flip(service.revert(id, { to: "one" })))._tag, "RevertIncomplete")
      yield* service.skip(id, "revert#1/undo/c")
      assert.strictEqual((yield* service.settled(id)).status, "Paused")
      const late = yield* Effect.flip(service.complete(tokens[0]!, Exit.succeed(undefined)))
      assert.strictEqual(late._tag, "TokenClosed")
    })
  )

  it.scoped("may be gone back further from, or reverted as a whole; never less far", () =>
    Effect.gen(function* () {
      const log = logbook()
      const world = { heals: false }
      const first = yield* broken(log, world)
      const refused = yield* Effect.flip(first.service.revert(id, { to: "two" }))
      assert.strictEqual(reasonOf(refused), "reverting")
      world.heals = true
      assert.strictEqual((yield* first.service.revert(id, { to: "zero" })).status, "Paused")
      assert.deepStrictEqual(log.lines.splice(0), ["undo c", "undo b", "undo a"])
      yield* first.service.resume(id)
      yield* first.service.settled(id)
      assert.deepStrictEqual(log.lines, ["a", "b", "c", "d", "f"])

      const other = { heals: false }
      const second = yield* broken(log, other)
      other.heals = true
      assert.strictEqual((yield* second.service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["undo c", "undo b", "undo a"])
    })
  )

  it.scoped("of a whole revert leaves nothing to go back to", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = fragile(log, Effect.fail("stays"))
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id })))
      yield* Effect.flip(service.revert(id))
      assert.strictEqual(reasonOf(yield* Effect.flip(service.revert(id, { to: "one" }))), "reverting")
    })
  )
})

describe("a task's own revert", () => {
  it.scoped("is given what came after the checkpoint, and where it goes back to", () =>
    Effect.gen(function* () {
      const log = logbook()
      const given: Array<unknown> = []
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* undoable(log, "a")
          yield* Phase.group("g", function* () {
            yield* undoable(log, "b")
            yield* mark("one")
            yield* undoable(log, "c")
            yield* Phase.group("h", function* () {
              yield* undoable(log, "d")
            })
          })
          yield* failing(log, "f")
        },
        *revert(completed, { failures, to }) {
          given.push([completed.map(({ path }) => path), failures.length, to])
          for (const phase of completed) yield* phase.undo
          yield* Phase.make("bye", log.note("bye"))
        }
      })
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id })))
      log.lines.length = 0
      yield* service.revert(id, { to: "one" })
      assert.deepStrictEqual(log.lines.splice(0), ["undo d", "undo c", "bye"])
      yield* service.resume(id)
      yield* service.settled(id)
      yield* service.revert(id)
      assert.deepStrictEqual(log.lines, ["c", "d", "f", "undo d", "undo c", "undo b", "undo a", "bye"])
      assert.deepStrictEqual(given, [
        [["g/h", "g/c"], 1, "g/one"],
        [["g", "a"], 1, undefined]
      ])
    })
  )
})

describe("a group around the checkpoint", () => {
  it.scoped("goes on in the attempt, and with the value, that it had; a strategy that gave up has a new round", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.either(
            Phase.group(
              "g",
              function* (attempt, value) {
                yield* undoable(log, `${attempt} ${value}`)
                yield* mark("in")
                yield* failing(log, "no")
              },
              { retry: Retry.forEach(["x", "y"]) }
            )
          )
          yield* failing(log, "f")
        }
      })
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id })))
      assert.deepStrictEqual(log.lines.splice(0), ["1 x", "no", "undo 1 x", "2 y", "no", "f"])
      yield* service.revert(id, { to: "in" })
      yield* service.resume(id)
      yield* service.settled(id)
      assert.deepStrictEqual(log.lines, ["no", "undo 2 y", "3 y", "no", "f"])
    })
  )

  it.scoped("has its time anew, and so has the task", () =>
    Effect.gen(function* () {
      const log = logbook()
      let fails = true
      const task = Task.make("t", {
        error: Schema.String,
        timeout: "10 seconds",
        *run() {
          yield* Phase.group(
            "g",
            function* () {
              yield* mark("in")
              yield* Phase.sleep("a while", "3 seconds")
              yield* Phase.make(
                "a",
                Effect.suspend(() => (fails ? Effect.fail("no") : log.note("a")))
              )
            },
            { timeout: "5 seconds" }
          )
        }
      })
      const { run, service } = yield* alone([task])
      yield* run(task.start({}, { id }))
      yield* idle
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      fails = false
      yield* TestClock.adjust("1 hour")
      yield* service.revert(id, { to: "in" })
      yield* service.resume(id)
      yield* idle
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
    })
  )

  it.scoped("that is being undone for another attempt cannot be gone into; before it can", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* mark("out")
          yield* Phase.group(
            "g",
            function* (attempt) {
              yield* undoable(log, "a")
              yield* mark("in")
              yield* Phase.make("b", {
                run: log.note("b"),
                undo: () => (attempt < 9 ? Effect.fail("stays") : Effect.void)
              })
              yield* failing(log, "no")
            },
            { retry: Retry.times(2) }
          )
        }
      })
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id })))
      assert.strictEqual(reasonOf(yield* Effect.flip(service.revert(id, { to: "in" }))), "notOnSpine")
      yield* Effect.flip(service.revert(id, { to: "out" }))
      yield* service.skip(id, "revert#1/undo/g/b")
      assert.strictEqual((yield* service.settled(id)).status, "Paused")
      assert.deepStrictEqual(log.lines, ["a", "b", "no", "undo a"])
      yield* service.resume(id)
      yield* service.settled(id)
      assert.deepStrictEqual(log.lines.slice(4), ["a", "b", "no"])
    })
  )
})
