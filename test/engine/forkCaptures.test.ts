import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "e1"

class Declined extends Schema.TaggedError<Declined>()("Declined", { code: Schema.Number }) {}

const decline = (code: number) => Phase.make("charge", { run: Effect.fail(new Declined({ code })), error: Declined })

/** Comes back to a phase that fails, until it is mended. */
const stuck = (mended: { done: boolean }) =>
  Phase.make(
    "stuck",
    Effect.suspend(() => (mended.done ? Effect.void : Effect.die("stuck")))
  )

describe("the failure of a fork as a value", () => {
  it.scoped("is the first typed one for either, all of them for exit, in the order in which they happened", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const gate = yield* Effect.makeLatch(false)
      const branches = (): ReadonlyArray<Phase.Phase<void, string, never, never, true>> => [
        Phase.make("late", Effect.zipRight(gate.await, Effect.fail("late"))),
        Phase.make("early", Effect.fail("early")),
        Phase.make("fine", Effect.void)
      ]
      const task = Task.make("t", {
        *run() {
          seen.push(yield* Phase.either(Phase.all(branches(), { mode: "settle" })))
          const all = yield* Phase.exit(
            Phase.all([...branches(), Phase.make("bug", Effect.dieMessage("bug"))], { name: "exit", mode: "settle" })
          )
          seen.push(
            Exit.isFailure(all)
              ? [Chunk.toArray(Cause.failures(all.cause)), Cause.defects(all.cause).length]
              : "it succeeds"
          )
        }
      })
      const store = memory()
      const { run } = yield* engine(store)
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* recorded(store, id, "PhaseFailed", "all/early")
      yield* gate.open
      yield* Fiber.join(caller)
      assert.deepStrictEqual(seen, [Either.left("early"), [["early", "late"], 1]])
      const kept = entries(store, id).find((entry) => entry._tag === "PhaseFailed" && entry.path === "all")
      assert.deepStrictEqual(kept?._tag === "PhaseFailed" ? kept.failures.map(({ path }) => path) : [], [
        "all/early",
        "all/late"
      ])
    })
  )

  it.scoped("needs no `error` of the task, and comes back as what it was", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const task = Task.make("t", {
        *run() {
          seen.push(yield* Phase.either(Phase.all([decline(1), Phase.make("a", Effect.fail({ why: "a" }))])))
          seen.push(
            yield* Phase.either(
              Phase.group("g", function* () {
                yield* Phase.forEach("items", [2], decline)
              })
            )
          )
          seen.push(
            yield* Phase.either(
              Phase.group("given up", function* () {
                yield* Phase.fail("enough")
              })
            )
          )
        }
      })
      const { run } = yield* engine(memory())
      yield* run(task.execute({}, { id }))
      const [first, second, third] = seen as ReadonlyArray<Either.Either<unknown, unknown>>
      assert.deepStrictEqual(first, Either.left(new Declined({ code: 1 })))
      assert.instanceOf(
        Either.getLeft(first!).pipe((option) => (option._tag === "Some" ? option.value : undefined)),
        Declined
      )
      assert.deepStrictEqual(second, Either.left(new Declined({ code: 2 })))
      assert.deepStrictEqual(third, Either.left("enough"))
    })
  )

  it.scoped("winds the siblings down and cleans up, innermost first, before the task goes on", () =>
    Effect.gen(function* () {
      const log = logbook()
      const slow = (name: string, inner: Phase.Phase<string | void, never, never, never, true>) =>
        Phase.group(name, function* () {
          try {
            yield* undoable(log, `in ${name}`)
            yield* inner
          } finally {
            yield* Phase.make("clean", log.note(`clean ${name}`))
          }
        })
      const go = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        *run() {
          const found = yield* Phase.either(
            Phase.all([
              slow("x", gated(log, "a", never)),
              slow("y", slow("z", gated(log, "b", never))),
              Phase.make("no", Effect.zipRight(go.await, Effect.fail("no")))
            ])
          )
          yield* Phase.make("after", log.note(`after ${found._tag}`))
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* recorded(store, id, "PhaseStarted", "all/y/z/b")
      yield* idle
      log.lines.length = 0
      yield* go.open
      yield* Fiber.join(caller)
      assert.deepStrictEqual(log.lines, ["a let go", "b let go", "clean z", "clean y", "clean x", "after Left"])
      const paths = entries(store, id).flatMap((entry) => (entry._tag === "PhaseStarted" ? [entry.path] : []))
      assert.includeMembers(paths, ["all/y/z/close/clean", "all/y/close/clean", "all/x/close/clean"])
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.sameMembers(log.lines.slice(6), ["undo b?", "undo a?", "undo in z", "undo in y", "undo in x"])
    })
  )

  it.scoped("is not a defect for either, and never a fault of the engine", () =>
    Effect.gen(function* () {
      for (const [branch, reason] of [
        [Phase.make("bug", Effect.dieMessage("bug")), "Die"],
        [Phase.make("nan", Effect.succeed(Number.NaN)), "Fault"]
      ] as const) {
        const task = Task.make("t", {
          *run() {
            yield* Phase.either(Phase.all([branch, Phase.make("no", Effect.fail("no"))], { mode: "settle" }))
          }
        })
        const { run, service } = yield* engine(memory())
        yield* Effect.flip(run(task.execute({}, { id })))
        const { failures, status } = yield* service.status(id)
        assert.strictEqual(status, "Failed")
        assert.include(
          failures.map(({ _tag }) => _tag as string),
          reason
        )
      }
    })
  )

  it.scoped("is a timeout too", () =>
    Effect.gen(function* () {
      const log = logbook()
      const seen: Array<unknown> = []
      const task = Task.make("t", {
        *run() {
          const found = yield* Phase.either(
            Phase.all([Phase.make("slow", { run: never, timeout: "1 second" }), gated(log, "b", never)])
          )
          seen.push(Either.isLeft(found) && Cause.isTimeoutException(found.left))
        }
      })
      const { run } = yield* engine(memory())
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(caller)
      assert.deepStrictEqual(seen, [true])
      assert.deepStrictEqual(log.lines, ["b let go"])
    })
  )

  it.scoped("comes after the strategy of a group has given up", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        success: Schema.String,
        *run() {
          const found = yield* Phase.either(
            Phase.group(
              "g",
              function* (attempt) {
                yield* undoable(log, `a ${attempt}`)
                yield* failing(log, `no ${attempt}`)
              },
              { retry: Retry.times(2) }
            )
          )
          return Either.isLeft(found) ? found.left : "it succeeds"
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      assert.strictEqual(yield* run(task.execute({}, { id })), "no 2")
      assert.deepStrictEqual(log.lines, ["a 1", "no 1", "undo a 1", "a 2", "no 2"])
      yield* service.revert(id)
      assert.strictEqual(log.lines.at(-1), "undo a 2")
    })
  )
})

describe("an execution that has such a value behind it", () => {
  const behind = (log: Log, mended: { done: boolean }) =>
    Task.make("t", {
      error: Schema.String,
      *run() {
        const found = yield* Phase.either(
          Phase.all([
            Phase.make("charge", Effect.fail({ code: 7 })),
            undoable(log, "fine"),
            gated(log, "slow", never),
            Phase.group("g", function* () {
              yield* gated(log, "inner", never)
            })
          ])
        )
        yield* Phase.make("found", log.note(Either.isLeft(found) ? "left" : "right"))
        yield* stuck(mended)
        yield* undoable(log, "end")
      }
    })

  it.scoped("is resumed after it, and leaves it as it is", () =>
    Effect.gen(function* () {
      const log = logbook()
      const mended = { done: false }
      const { run, service } = yield* engine(memory(), [behind(log, mended)])
      yield* Effect.flip(run(behind(log, mended).execute({}, { id })))
      const before = log.lines.length
      mended.done = true
      yield* service.resume(id, { inDoubt: "rerun" })
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines.slice(before), ["end"])
      const { phases } = yield* service.status(id)
      assert.deepStrictEqual(
        Object.fromEntries(
          phases.filter(({ path }) => path.startsWith("all/")).map(({ path, state }) => [path, state])
        ),
        {
          "all/charge": "failed",
          "all/fine": "succeeded",
          "all/slow": "in doubt",
          "all/g": "left",
          "all/g/inner": "in doubt"
        }
      )
    })
  )

  it.scoped("is closed, skipped and reverted after it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const mended = { done: false }
      const { run, service } = yield* engine(memory(), [behind(log, mended)])
      for (const one of ["e1", "e2", "e3"]) yield* Effect.flip(run(behind(log, mended).execute({}, { id: one })))
      log.lines.length = 0
      assert.strictEqual((yield* service.close("e1")).status, "Closed")
      assert.instanceOf(yield* Effect.flip(service.skip("e2", "all/charge")), Errors.PhaseNotOpen)
      assert.instanceOf(yield* Effect.flip(service.skip("e2", "all/slow", "slow")), Errors.PhaseNotOpen)
      yield* service.skip("e2", "stuck")
      assert.strictEqual((yield* service.settled("e2")).status, "Completed")
      assert.deepStrictEqual(log.lines, ["end"])
      assert.strictEqual((yield* service.revert("e3")).status, "Reverted")
      assert.sameMembers(log.lines, ["end", "undo fine", "undo slow?", "undo inner?"])
    })
  )

  it.scoped("is taken up after a crash with it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const mended = { done: false }
      const store = memory()
      const first = yield* engine(store, [behind(log, mended)])
      yield* Effect.flip(first.run(behind(log, mended).execute({}, { id })))
      yield* first.kill
      mended.done = true
      const before = log.lines.length
      const second = yield* engine(store, [behind(log, mended)])
      yield* second.service.resume(id)
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines.slice(before), ["end"])
    })
  )
})
