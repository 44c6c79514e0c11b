import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "k1"
const mark = Phase.checkpoint

const alone = (tasks: Parameters<typeof engine>[1]) =>
  Effect.gen(function* () {
    const store = memory()
    return { ...(yield* engine(store, tasks)), store }
  })

/** Fails until it was tried so often. */
const until = (log: Log, name: string, times: number) => {
  let tried = 0
  return Phase.make(
    name,
    Effect.suspend(() => Effect.zipRight(log.note(name), ++tried < times ? Effect.fail(name) : Effect.void))
  )
}

describe("a checkpoint with a strategy", () => {
  it.scoped(
    "is gone back to when the last phase fails, and all after it runs again: five times, as on TaskFlow's page",
    () =>
      Effect.gen(function* () {
        const log = logbook()
        const task = Task.make("t", {
          error: Schema.String,
          *run() {
            yield* undoable(log, "a")
            yield* mark("here", { retry: Retry.times(5) })
            yield* undoable(log, "b")
            yield* undoable(log, "c")
            yield* failing(log, "d")
          }
        })
        const { run, service, store } = yield* alone([])
        assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "d")
        const again = ["b", "c", "d"]
        const undone = ["undo c", "undo b"]
        assert.deepStrictEqual(log.lines, [
          "a",
          ...[...again, ...undone, ...again, ...undone, ...again, ...undone, ...again, ...undone, ...again]
        ])
        const decisions = entries(store, id).flatMap((entry) => (entry._tag === "Decided" ? [entry.decision] : []))
        assert.deepStrictEqual(decisions, ["again", "again", "again", "again", "giveUp"])
        assert.strictEqual((yield* service.status(id)).status, "Failed")
      })
  )

  it.scoped("answers the value that it gives the attempt, gives its phases other keys, and lets the body end", () =>
    Effect.gen(function* () {
      const log = logbook()
      const keys = new Set<string>()
      const task = Task.make("t", {
        error: Schema.String,
        success: Schema.Array(Schema.String),
        *run() {
          const before = yield* Phase.make("before", Effect.succeed("x"))
          const seen: Array<string> = [before]
          const region = yield* mark("here", { retry: Retry.forEach(["eu", "us", "asia"]) })
          seen.push(region)
          yield* Phase.make(
            "key",
            Effect.map(Phase.key, (key) => void keys.add(key))
          )
          yield* Phase.make("try", region === "asia" ? Effect.void : Effect.fail(`not in ${region}`))
          return seen
        }
      })
      const { run } = yield* alone([])
      assert.deepStrictEqual(yield* run(task.execute({}, { id })), ["x", "asia"])
      assert.strictEqual(keys.size, 3)
      void log
    })
  )

  it.scoped("is given what failed before, and decides about throws, timeouts and defects too; not about values", () =>
    Effect.gen(function* () {
      const log = logbook()
      const seen: Array<unknown> = []
      const retry = Retry.from({
        first: 1,
        next: (tries) => {
          seen.push(tries.map(({ attempt, failures, value }) => [attempt, value, failures[0]._tag]))
          return tries.length < 4 ? Retry.again(tries[tries.length - 1]!.value + 1) : Retry.giveUp
        }
      })
      const task = Task.make("t", {
        success: Schema.Number,
        *run() {
          const value = yield* mark("here", { retry })
          yield* Phase.either(Phase.make("value", Effect.fail("no")))
          if (value === 1) throw new Error("thrown")
          yield* Phase.make("a", value === 2 ? Effect.dieMessage("died") : Effect.void)
          if (value === 3) {
            yield* Phase.group("slow", function* () {
              yield* Phase.make("b", { run: never, timeout: "1 second", undoUnknown: () => log.note("undo b?") })
            })
          }
          return value
        }
      })
      const { run } = yield* alone([])
      const fiber = yield* Effect.fork(Effect.exit(run(task.execute({}, { id }) as never)))
      yield* idle
      yield* TestClock.adjust("1 second")
      const exit = yield* Fiber.join(fiber)
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(seen[2], [
        [1, 1, "TaskDefect"],
        [2, 2, "Die"],
        [3, 3, "Timeout"]
      ])
      assert.deepStrictEqual(log.lines, ["undo b?"])
    })
  )

  it.scoped("is asked before the older ones, and these before what is around them", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              yield* undoable(log, `a${attempt}`)
              yield* mark("old", { retry: Retry.times(2) })
              yield* undoable(log, "b")
              yield* mark("new", { retry: Retry.times(2) })
              yield* undoable(log, "c")
              yield* failing(log, "z")
            },
            { retry: Retry.times(2) }
          )
        }
      })
      const { run } = yield* alone([])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "z")
      const twice = ["c", "z", "undo c", "c", "z"]
      const half = ["b", ...twice, "undo c", "undo b", "b", ...twice]
      assert.deepStrictEqual(log.lines, ["a1", ...half, "undo c", "undo b", "undo a1", "a2", ...half])
    })
  )

  it.scoped("reverts all when it says so, and leaves what the engine cannot do to the operator", () =>
    Effect.gen(function* () {
      const log = logbook()
      const all = Task.make("all", {
        error: Schema.String,
        *run() {
          yield* undoable(log, "a")
          yield* mark("old", { retry: Retry.times(9) })
          yield* mark("here", { retry: Retry.from({ first: null, next: () => Retry.revertAll }) })
          yield* failing(log, "z")
        }
      })
      const fault = Task.make("fault", {
        *run() {
          yield* mark("here", { retry: Retry.times(9) })
          yield* Phase.make("odd", Effect.succeed((() => {}) as unknown as string))
        }
      })
      const { run, service } = yield* alone([])
      yield* Effect.flip(run(all.execute({}, { id })))
      assert.strictEqual((yield* service.status(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "z", "undo a"])
      yield* Effect.flip(run(fault.execute({}, { id: "f" })))
      assert.strictEqual((yield* service.status("f")).status, "Failed")
    })
  )

  it.scoped("waits between attempts over a restart; a new round begins when an operator resumes", () =>
    Effect.gen(function* () {
      const log = logbook()
      const retry = Retry.schedule(Schedule.intersect(Schedule.exponential("10 minutes"), Schedule.recurs(1)))
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* mark("here", { retry })
          yield* undoable(log, "a")
          yield* failing(log, "z")
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* idle
      assert.strictEqual((yield* first.service.status(id)).status, "Waiting")
      yield* first.end
      const { service } = yield* engine(store, [task])
      yield* TestClock.adjust("9 minutes")
      assert.deepStrictEqual(log.lines, ["a", "z", "undo a"])
      yield* TestClock.adjust("1 minutes")
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      assert.deepStrictEqual(log.lines.splice(0), ["a", "z", "undo a", "a", "z"])
      yield* service.resume(id)
      yield* idle
      assert.deepStrictEqual(log.lines, ["z", "undo a"])
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
    })
  )

  it.scoped("goes on where its process died: in an attempt, at the decision, in an undo, and keeps its attempts", () =>
    Effect.gen(function* () {
      for (const [tag, path] of [
        ["PhaseStarted", "b"],
        ["PhaseFailed", "z"],
        ["Decided", undefined],
        ["PhaseStarted", "here/revert#1/undo/b"],
        ["Rewound", undefined]
      ] as const) {
        const log = logbook()
        const task = Task.make("t", {
          error: Schema.String,
          success: Schema.String,
          *run() {
            yield* undoable(log, "a")
            const value = yield* mark("here", { retry: Retry.forEach(["x", "y", "z"]) })
            const inner = yield* Phase.group("g", function* () {
              return yield* undoable(log, "b")
            })
            yield* undoable(log, inner)
            yield* value === "z" ? undoable(log, "last") : failing(log, "z")
            return value
          }
        })
        const store = memory()
        const first = yield* engine(store, [task])
        yield* first.run(task.start({}, { id }))
        const at =
          path === "b" || path === "here/revert#1/undo/b" ? (path === "b" ? "g/b" : "here/revert#1/undo/g/b") : path
        yield* recorded(store, id, tag, at)
        yield* first.kill
        const second = yield* engine(store, [task])
        const { result, status } = yield* second.service.settled(id)
        assert.deepStrictEqual([status, result], ["Completed", "z"], `${tag} ${path}`)
        assert.strictEqual(tags(store, id).filter((one) => one === "Rewound").length, 2)
        yield* second.service.revert(id)
        assert.deepStrictEqual(log.lines.slice(-4), ["undo last", "undo b", "undo b", "undo a"])
        yield* second.end
      }
    })
  )

  it.scoped("in a branch leaves the branches beside it alone", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            Phase.group("x", function* () {
              yield* undoable(log, "a")
              yield* mark("here", { retry: Retry.times(3) })
              yield* undoable(log, "b")
              yield* flaky
            }),
            gated(log, "beside", gate.await),
            mark("alone", { retry: Retry.forEach([7]) })
          ])
        }
      })
      const flaky = until(log, "z", 3)
      const { run } = yield* alone([])
      const fiber = yield* Effect.fork(run(task.execute({}, { id })))
      yield* idle
      assert.deepStrictEqual(log.lines, ["a", "b", "z", "undo b", "b", "z", "undo b", "b", "z"])
      yield* gate.open
      yield* Fiber.join(fiber)
      assert.strictEqual(log.lines.length, 10)
    })
  )

  it.scoped("interrupts what runs after it, closes its tokens, and undoes its children", () =>
    Effect.gen(function* () {
      const log = logbook()
      const tokens: Array<string> = []
      const flaky = until(log, "z", 2)
      const child = Task.make("child", {
        *run() {
          yield* undoable(log, "inner")
        }
      })
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* mark("here", { retry: Retry.times(2) })
          yield* child.phase({})
          yield* Phase.all([
            Phase.delegate("ask", {
              success: Schema.String,
              notify: (token) => Effect.sync(() => void tokens.push(token))
            }),
            gated(log, "b", tokens.length > 0 ? Effect.void : never),
            Phase.group("x", function* () {
              yield* Phase.sleep("a while", "1 second")
              yield* flaky
            })
          ])
        }
      })
      const { run, service, store } = yield* alone([child])
      const fiber = yield* Effect.fork(run(task.execute({}, { id })))
      yield* idle
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(log.lines, ["inner", "z", "b let go", "undo b?", "undo inner", "inner", "b"])
      assert.instanceOf(yield* Effect.flip(service.complete(tokens[0]!, Exit.succeed("yes"))), Errors.TokenClosed)
      yield* service.complete(tokens[1]!, Exit.succeed("yes"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.sameMembers([...store.executions.keys()], [id, `${id}/child`, `${id}/child~g1`])
    })
  )

  it.scoped("goes back no further than what was committed since", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* mark("here", { retry: Retry.times(2) })
          yield* undoable(log, "a")
          yield* mark("paid", { commit: true })
          yield* failing(log, "z")
        }
      })
      const { run } = yield* alone([])
      yield* Effect.flip(run(task.execute({}, { id })))
      assert.deepStrictEqual(log.lines, ["a", "z"])
    })
  )

  it.scoped("pauses there, for somebody to put right what failed; then it runs again", () =>
    Effect.gen(function* () {
      for (const kind of ["mark", "group", "from"] as const) {
        const log = logbook()
        const flaky = until(log, "z", 3)
        const retry = kind === "from" ? Retry.from({ first: null, next: () => Retry.pause }) : Retry.pause
        const task = Task.make("t", {
          error: Schema.String,
          *run() {
            yield* undoable(log, "a")
            if (kind === "group") {
              yield* Phase.group(
                "here",
                function* () {
                  yield* undoable(log, "b")
                  yield* flaky
                },
                { retry: Retry.pause }
              )
            } else {
              yield* mark("here", { retry })
              yield* undoable(log, "b")
              yield* flaky
            }
          }
        })
        const { run, service } = yield* alone([task])
        assert.instanceOf(yield* Effect.flip(run(task.execute({}, { id }))), Errors.ExecutionPaused)
        const { position, status } = yield* service.status(id)
        assert.deepStrictEqual([status, position], ["Paused", "here"])
        assert.deepStrictEqual(log.lines.splice(0), ["a", "b", "z", "undo b"])
        yield* service.resume(id)
        assert.strictEqual((yield* service.settled(id)).status, "Paused")
        assert.deepStrictEqual(log.lines.splice(0), ["b", "z", "undo b"])
        yield* service.resume(id)
        assert.strictEqual((yield* service.settled(id)).status, "Completed")
        assert.deepStrictEqual(log.lines, ["b", "z"])
      }
    })
  )

  it.scoped("whose undo fails parks, and goes on when that is put right; nothing after it is gone to meanwhile", () =>
    Effect.gen(function* () {
      const log = logbook()
      let heals = false
      const flaky = until(log, "z", 2)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* mark("before")
          yield* mark("here", { retry: Retry.times(2) })
          yield* mark("after")
          yield* Phase.make("a", {
            run: log.note("a"),
            undo: () => (heals ? log.note("undo a") : Effect.fail("stays"))
          })
          yield* undoable(log, "b")
          yield* flaky
        }
      })
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id })))
      assert.strictEqual((yield* service.status(id)).status, "Failed")
      const refused = yield* Effect.flip(service.revert(id, { to: "after" }))
      assert.strictEqual(refused._tag === "CheckpointRefused" && refused.reason, "notOnSpine")
      assert.strictEqual((yield* Effect.flip(service.skip(id, "z")))._tag, "PhaseNotOpen")
      heals = true
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "b", "z", "undo b", "undo a", "a", "b", "z"])
    })
  )

  it.scoped("may be gone back to, or beyond, by an operator while its undo stands still", () =>
    Effect.gen(function* () {
      for (const to of ["here", "before"]) {
        const log = logbook()
        let heals = false
        const flaky = until(log, "z", 2)
        const task = Task.make("t", {
          error: Schema.String,
          *run() {
            yield* mark("before")
            yield* undoable(log, "0")
            yield* mark("here", { retry: Retry.times(2) })
            yield* Phase.make("a", {
              run: log.note("a"),
              undo: () => (heals ? log.note("undo a") : Effect.fail("stays"))
            })
            yield* undoable(log, "b")
            yield* flaky
          }
        })
        const { run, service } = yield* alone([task])
        yield* Effect.flip(run(task.execute({}, { id })))
        heals = true
        assert.strictEqual((yield* service.revert(id, { to })).status, "Paused")
        yield* service.resume(id)
        assert.strictEqual((yield* service.settled(id)).status, "Completed")
        const zero = to === "before" ? ["undo 0", "0"] : []
        assert.deepStrictEqual(log.lines, ["0", "a", "b", "z", "undo b", "undo a", ...zero, "a", "b", "z"])
      }
    })
  )

  it.scoped("is let go with the group around it: by its time, a sibling that fails, a pause or a close", () =>
    Effect.gen(function* () {
      const log = logbook()
      const slow = Retry.from({ first: null, next: () => Effect.as(Effect.sleep("10 seconds"), Retry.giveUp) })
      const inside = (name: string) =>
        Phase.group(
          name,
          function* () {
            yield* mark("here", { retry: slow })
            yield* undoable(log, "a")
            yield* failing(log, "z")
          },
          { timeout: "5 seconds" }
        )
      const task = Task.make("t", {
        *run() {
          yield* Phase.either(inside("g"))
          yield* Phase.either(
            Phase.all([
              inside("h"),
              Phase.group("i", function* () {
                yield* Phase.sleep("short", "1 second")
                yield* failing(log, "sibling")
              })
            ])
          )
        }
      })
      const { run, service } = yield* alone([task])
      yield* run(task.start({}, { id }))
      yield* idle
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(log.lines.splice(0), ["a", "z", "a", "z"])
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      yield* run(task.start({}, { id: "closed" }))
      yield* idle
      const closing = yield* Effect.fork(service.close("closed", { revert: true }))
      yield* idle
      assert.strictEqual((yield* Fiber.join(closing)).status, "Reverted")
      yield* run(task.start({}, { id: "paused" }))
      yield* idle
      const pausing = yield* Effect.fork(service.pause("paused"))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(pausing)).status, "Paused")
    })
  )
})

describe("a bad strategy of a checkpoint", () => {
  it("is refused where it is written", () => {
    assert.throws(() => mark("m", { retry: Schedule.recurs(3) as never }), "must be a Retry")
    assert.throws(() => mark("", { retry: Retry.times(3) }), Errors.InvalidName)
  })
})
