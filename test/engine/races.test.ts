import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Errors, Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "r1"

const group = (log: Log, name: string, last: Phase.Phase<string, never>) =>
  Phase.group(name, function* () {
    try {
      yield* undoable(log, `${name} 1`)
      yield* undoable(log, `${name} 2`)
      return yield* last
    } finally {
      yield* Phase.make("clean", log.note(`clean ${name}`))
    }
  })

describe("a race", () => {
  it.scoped(
    "answers its first success, recorded first; its losers are interrupted, left, and undone newest first",
    () =>
      Effect.gen(function* () {
        const log = logbook()
        const go = yield* Effect.makeLatch(false)
        const task = Task.make("t", {
          success: Schema.String,
          *run() {
            const won = yield* Phase.race([
              group(log, "x", gated(log, "slow", never)),
              gated(log, "fast", go.await),
              group(log, "y", gated(log, "slower", never))
            ])
            yield* Phase.make("after", log.note("after"))
            return won
          }
        })
        const store = memory()
        const { run, service } = yield* engine(store, [task])
        const caller = yield* Effect.fork(run(task.execute({}, { id })))
        yield* recorded(store, id, "PhaseStarted", "race/y/slower")
        yield* idle
        assert.sameMembers(log.lines.splice(0), ["x 1", "y 1", "x 2", "y 2"])
        yield* go.open
        assert.strictEqual(yield* Fiber.join(caller), "fast")
        assert.deepStrictEqual(log.lines, [
          ...["fast", "slow let go", "slower let go", "clean y", "clean x"],
          ...["undo slower?", "undo slow?", "undo y 2", "undo x 2", "undo y 1", "undo x 1", "after"]
        ])
        const paths = entries(store, id).flatMap((entry) => (entry._tag === "PhaseStarted" ? [entry.path] : []))
        assert.includeMembers(paths, ["race/y/close/clean", "race/undo/race/y/y 2", "race/undo/race/x/x 1"])
        const outcomes = entries(store, id).flatMap((entry) =>
          entry._tag === "PhaseInterrupted" || entry._tag === "PhaseSucceeded" ? [`${entry._tag} ${entry.path}`] : []
        )
        const won = outcomes.indexOf("PhaseSucceeded race/fast")
        assert.isBelow(won, outcomes.indexOf("PhaseInterrupted race/x/slow"))
        log.lines.length = 0
        assert.strictEqual((yield* service.revert(id)).status, "Reverted")
        assert.deepStrictEqual(log.lines, ["undo fast"])
      })
  )

  it.scoped("goes on while some fail, and fails with all of them where none succeeds", () =>
    Effect.gen(function* () {
      const log = logbook()
      const go = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          const won = yield* Phase.race({ a: failing(log, "a"), b: gated(log, "b", go.await) })
          yield* Phase.race([failing(log, "c"), failing(log, "d")], { name: "lost" })
          return won
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* recorded(store, id, "PhaseFailed", "race/a")
      yield* go.open
      assert.strictEqual(yield* Fiber.join(caller), "c")
      assert.deepStrictEqual(log.lines, ["a", "b", "c", "d"])
      const { failures } = yield* service.status(id)
      assert.deepStrictEqual(
        failures.map(({ path }) => path),
        ["lost/c", "lost/d"]
      )
    })
  )

  it.scoped(
    "takes the first in the journal where two succeed at once, and undoes the other, whatever their order",
    () =>
      Effect.gen(function* () {
        for (const names of [
          ["a", "b"],
          ["b", "a"]
        ]) {
          const log = logbook()
          const task = Task.make("t", {
            success: Schema.String,
            *run() {
              return yield* Phase.race(names.map((name) => undoable(log, name)))
            }
          })
          const { run } = yield* engine(memory())
          const won = yield* run(task.execute({}, { id }))
          assert.strictEqual(won, names[0])
          assert.deepStrictEqual(log.lines, [...names, `undo ${names[1]}`])
        }
      })
  )

  it.scoped("waits for a loser that asks about doubt, and undoes it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        *run() {
          yield* Phase.race([
            Phase.make("fast", log.note("fast")),
            Phase.make("pay", Effect.as(Effect.zipRight(gate.await, log.note("paid")), "receipt"), {
              undo: (receipt) => log.note(`refund ${receipt}`),
              inDoubt: "ask"
            })
          ])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* recorded(store, id, "PhaseSucceeded", "race/fast")
      yield* idle
      assert.strictEqual((yield* service.status(id)).status, "Running")
      yield* gate.open
      yield* Fiber.join(caller)
      assert.deepStrictEqual(log.lines, ["fast", "paid", "refund receipt"])
    })
  )

  it.scoped(
    "decides what its losers left in doubt by verify; one that cannot be decided stays, and a revert asks",
    () =>
      Effect.gen(function* () {
        const log = logbook()
        const loser = (name: string, found: Option.Option<string>) =>
          Phase.make(name, Effect.as(never, name), {
            undo: (value) => log.note(`undo ${value}`),
            verify: Effect.as(log.note(`verify ${name}`), found)
          })
        const task = Task.make("t", {
          *run() {
            yield* Phase.race([
              loser("happened", Option.some("it")),
              loser("not", Option.none()),
              Phase.make("unknown", { run: never, undo: () => log.note("never") }),
              Phase.make("fast", Effect.zipRight(idle, log.note("fast")))
            ])
          }
        })
        const { run, service } = yield* engine(memory(), [task])
        yield* run(task.execute({}, { id }))
        assert.sameMembers(log.lines, ["fast", "verify happened", "undo it", "verify not"])
        const { phases, status } = yield* service.status(id)
        assert.strictEqual(status, "Completed")
        assert.strictEqual(phases.find(({ path }) => path === "race/unknown")?.state, "in doubt")
        assert.instanceOf(yield* Effect.flip(service.revert(id)), Errors.RevertIncomplete)
        assert.strictEqual((yield* service.status(id)).position, "revert#1/undo/race/unknown")
        yield* service.skip(id, "revert#1/undo/race/unknown")
        assert.strictEqual((yield* service.settled(id)).status, "Reverted")
        assert.notInclude(log.lines, "never")
      })
  )

  it.scoped("ends while the strategy of a loser waits for its next attempt", () =>
    Effect.gen(function* () {
      const log = logbook()
      const go = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          return yield* Phase.race([
            Phase.group(
              "g",
              function* () {
                yield* undoable(log, "a")
                yield* failing(log, "no")
                return "group"
              },
              { retry: Retry.from({ first: 0, next: () => Retry.again(1, { delay: "1 hour" }) }) }
            ),
            gated(log, "fast", go.await)
          ])
        }
      })
      const store = memory()
      const { run } = yield* engine(store)
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* recorded(store, id, "PhaseSucceeded", "race/g/revert#1/undo/race/g/a")
      yield* idle
      yield* go.open
      assert.strictEqual(yield* Fiber.join(caller), "fast")
      assert.deepStrictEqual(log.lines, ["a", "no", "undo a", "fast"])
    })
  )

  it.scoped("ends while the strategy of a loser is asked: nobody waits for what it says", () =>
    Effect.gen(function* () {
      const log = logbook()
      const [go, answer] = [yield* Effect.makeLatch(false), yield* Effect.makeLatch(false)]
      const task = Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          const won = yield* Phase.race([
            Phase.group(
              "g",
              function* () {
                yield* failing(log, "no")
                return "group"
              },
              { retry: Retry.from({ first: 0, next: () => Effect.as(answer.await, Retry.again(1)) }) }
            ),
            gated(log, "fast", go.await)
          ])
          yield* Phase.make("last", Effect.zipRight(answer.open, idle))
          return won
        }
      })
      const store = memory()
      const { run } = yield* engine(store)
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* recorded(store, id, "PhaseFailed", "race/g/no")
      yield* idle
      yield* go.open
      assert.strictEqual(yield* Fiber.join(caller), "fast")
      assert.notInclude(tags(store, id), "Decided")
    })
  )

  it.scoped("parks where the undo of a loser fails; a resume goes on there", () =>
    Effect.gen(function* () {
      const log = logbook()
      let broken = true
      const task = Task.make("t", {
        *run() {
          yield* Phase.race([
            Phase.make("a", log.note("a"), { undo: () => log.note("undo a") }),
            Phase.make("b", log.note("b"), {
              undo: () => Effect.suspend(() => (broken ? Effect.fail("jammed") : log.note("undo b")))
            }),
            Phase.make("c", log.note("c"), { undo: () => log.note("undo c") })
          ])
          yield* undoable(log, "after")
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.flip(run(task.execute({}, { id })))
      const { failures, position, status } = yield* service.status(id)
      assert.deepStrictEqual([status, position], ["Failed", "race/undo/race/b"])
      assert.deepInclude(failures[0], { _tag: "Fail", error: "jammed" })
      broken = false
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "b", "c", "undo c", "undo b", "after"])
      yield* service.revert(id)
      assert.deepStrictEqual(log.lines.slice(6), ["undo after", "undo a"])
    })
  )
})

describe("a race whose process dies", () => {
  for (const [when, at] of [
    ["has a winner", "race/undo/race/g/a"],
    ["cleans its losers up", "race/g/close/clean"]
  ] as const) {
    it.scoped(`once it ${when} goes on there: the winner stays, and nothing is undone twice`, () =>
      Effect.gen(function* () {
        const log = logbook()
        let crashed = false
        const hang = (path: string) => Effect.suspend(() => (!crashed && path === at ? never : Effect.void))
        const task = Task.make("t", {
          success: Schema.String,
          *run() {
            return yield* Phase.race([
              Phase.group("g", function* () {
                try {
                  yield* Phase.make("a", log.note("a"), {
                    undo: () => Effect.zipRight(hang("race/undo/race/g/a"), log.note("undo a"))
                  })
                  yield* undoable(log, "b")
                  return yield* gated(log, "slow", never)
                } finally {
                  yield* Phase.make("clean", Effect.zipRight(hang("race/g/close/clean"), log.note("clean")))
                }
              }),
              Phase.make("fast", Effect.as(Effect.zipRight(idle, log.note("fast")), "fast"))
            ])
          }
        })
        const store = memory()
        const first = yield* engine(store, [task])
        yield* first.run(task.start({}, { id }))
        yield* recorded(store, id, "PhaseStarted", at)
        yield* first.kill
        crashed = true
        const second = yield* engine(store, [task])
        const { result, status } = yield* second.service.settled(id)
        assert.deepStrictEqual([status, result], ["Completed", "fast"])
        assert.deepStrictEqual(log.lines, ["a", "b", "fast", "slow let go", "clean", "undo slow?", "undo b", "undo a"])
      })
    )
  }

  it.scoped("without a winner runs on with what had not ended", () =>
    Effect.gen(function* () {
      const log = logbook()
      let crashed = false
      const task = Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          return yield* Phase.race([
            failing(log, "a"),
            Phase.make(
              "b",
              Effect.suspend(() => (crashed ? Effect.as(log.note("b"), "b") : Effect.as(never, "b")))
            )
          ])
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseFailed", "race/a")
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).result, "b")
      assert.deepStrictEqual(log.lines, ["a", "b"])
    })
  )
})
