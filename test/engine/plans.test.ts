import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Plan } from "../../src/core/Plan.js"
import { Errors, Phase, Task } from "../../src/index.js"
import { asked, type Engine, engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"

type Log = ReturnType<typeof logbook>

/** Three phases, the last of which fails until it is fixed; the second cannot be undone. */
const failing = (log: Log, fixed: { current: boolean }) =>
  Task.make("failing", {
    error: Schema.String,
    success: Schema.Number,
    *run() {
      try {
        yield* Phase.make("a", { run: log.note("a"), undo: () => log.note("undo a") })
        yield* Phase.make("b", log.note("b"))
        return yield* Phase.make("c", {
          success: Schema.Number,
          run: Effect.suspend(() => (fixed.current ? Effect.as(log.note("c"), 7) : Effect.fail("no"))),
          undo: () => log.note("undo c")
        })
      } finally {
        yield* Phase.make("clean", log.note("clean"))
      }
    }
  })

const parked = Effect.gen(function* () {
  const log = logbook()
  const fixed = { current: false }
  const store = memory()
  const task = failing(log, fixed)
  const one = yield* engine(store, [task])
  yield* Effect.flip(one.run(task.execute({}, { id: "f1" })))
  return { ...one, fixed, log, store, task }
})

const brief = ({ steps }: Plan): ReadonlyArray<string> => steps.map(({ does, path }) => `${does} ${path}`)
const plan = ({ service }: Pick<Engine, "service">, id: string, action: Parameters<Engine["service"]["plan"]>[1]) =>
  Effect.tap(service.plan(id, action), (made) => Schema.decodeUnknown(Plan)(made))

describe("a plan", () => {
  it.scoped("lists what is replayed, run, skipped, undone and left, and writes and runs nothing", () =>
    Effect.gen(function* () {
      const one = yield* parked
      const before = JSON.stringify(entries(one.store, "f1"))
      const resume = yield* plan(one, "f1", { _tag: "resume" })
      assert.deepStrictEqual(brief(resume), ["replay a", "replay b", "run c"])
      assert.deepStrictEqual(
        [resume.status, resume.to, resume.more, resume.steps[2]?.attempt, resume.missing],
        ["Failed", "Running", true, 2, []]
      )
      const skip = yield* plan(one, "f1", { _tag: "skip", phase: "c", value: 7 })
      assert.deepStrictEqual(brief(skip), ["replay a", "replay b", "skip c", "run clean"])
      const revert = yield* plan(one, "f1", { _tag: "revert" })
      assert.deepStrictEqual(brief(revert), ["run close/clean", "undo a"])
      assert.deepStrictEqual(revert.irreversible, [{ path: "b", name: "b" }])
      const close = yield* plan(one, "f1", { _tag: "close", revert: true })
      assert.deepStrictEqual(brief(close), ["close c", "run close/clean", "undo a"])
      assert.strictEqual(JSON.stringify(entries(one.store, "f1")), before)
      assert.deepStrictEqual(one.log.lines, ["a", "b"])
      yield* one.service.close("f1", { revert: true })
      assert.deepStrictEqual(one.log.lines, ["a", "b", "clean", "undo a"])
    })
  )

  it.scoped("of a close that reverts lists what earlier stages did, too", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const Next = Task.stage("next", { state: {} })
      const undone = (name: string) => Phase.make(name, { run: log.note(name), undo: () => log.note(`undo ${name}`) })
      const task = Task.make("staged", {
        stages: [
          Next.body(function* () {
            yield* undone("b")
            yield* Phase.make("c", Effect.die("no"))
          })
        ],
        *run() {
          yield* undone("a")
          return yield* Next.enter({})
        }
      })
      const one = yield* engine(store, [task])
      yield* Effect.exit(one.run(task.execute({}, { id: "s1" })))
      const planned = yield* plan(one, "s1", { _tag: "close", revert: true })
      assert.deepStrictEqual(brief(planned), ["close @next#1/c", "undo @next#1/b", "undo a"])
      yield* one.service.close("s1", { revert: true })
      assert.deepStrictEqual(log.lines, ["a", "b", "undo b", "undo a"])
    })
  )

  it.scoped("lists what is missing, and the action is refused with the same list", () =>
    Effect.gen(function* () {
      const one = yield* parked
      const { missing } = yield* plan(one, "f1", { _tag: "skip", phase: "c" })
      assert.strictEqual(missing.length, 1)
      const [value] = missing
      assert.deepInclude(value, { needs: "value", path: "c" })
      assert.deepInclude((value as { schema: object }).schema, { type: "number" })
      const refused = yield* Effect.flip(one.service.skip("f1", "c"))
      assert.instanceOf(refused, Errors.RequirementsMissing)
      assert.deepStrictEqual((refused as Errors.RequirementsMissing).missing, missing)
      const wrong = yield* plan(one, "f1", { _tag: "skip", phase: "c", value: "seven" })
      assert.deepInclude(wrong.missing[0], { needs: "value", at: "$" })
      const open = yield* plan(one, "f1", { _tag: "pause" })
      assert.deepInclude(open.missing[0], { needs: "status", status: "Failed", verb: "pause" })
      const there = yield* plan(one, "f1", { _tag: "revert", to: "nowhere" })
      assert.deepInclude(there.missing[0], { needs: "checkpoint", checkpoint: "nowhere" })
      assert.instanceOf(yield* Effect.flip(one.service.plan("f2", { _tag: "resume" })), Errors.ExecutionNotFound)
    })
  )

  it.scoped("without the task's code says what the journal does, and lists the task", () =>
    Effect.gen(function* () {
      const { store } = yield* parked
      const client = yield* engine(store, [])
      const made = yield* plan(client, "f1", { _tag: "resume" })
      assert.deepStrictEqual(brief(made), ["replay a", "replay b", "run c"])
      assert.deepInclude(made.missing[0], { needs: "task", task: "failing" })
      const revert = yield* plan(client, "f1", { _tag: "revert" })
      assert.deepStrictEqual(brief(revert), ["undo b", "undo a"])
    })
  )

  it.scoped("that was confirmed is recorded with the act; one that is out of date is refused, with the new one", () =>
    Effect.gen(function* () {
      const { fixed, service, store } = yield* parked
      const before = yield* service.plan("f1", { _tag: "resume", by: "ann" })
      yield* service.resume("f1", { by: "ann", reason: "again", plan: before.hash })
      yield* service.settled("f1")
      const act = entries(store, "f1").findLast((entry) => entry._tag === "Resumed")
      assert.deepStrictEqual(act, { _tag: "Resumed", act: { by: "ann", reason: "again", plan: before.hash } })
      fixed.current = true
      const length = entries(store, "f1").length
      const refused = yield* Effect.flip(service.resume("f1", { plan: before.hash }))
      assert.instanceOf(refused, Errors.PlanOutdated)
      assert.strictEqual(entries(store, "f1").length, length)
      const now = yield* service.plan("f1", { _tag: "resume" })
      assert.strictEqual((refused as Errors.PlanOutdated).plan, now.hash)
      assert.instanceOf(yield* Effect.flip(service.close("f1", { plan: now.hash })), Errors.PlanOutdated)
      yield* service.resume("f1", { plan: now.hash })
      assert.strictEqual((yield* service.settled("f1")).status, "Completed")
    })
  )

  it.scoped("of two operators, one wins and the other is told, also through the inbox", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const often = { inbox: "100 millis", standby: "100 millis" } as const
      const task = failing(log, { current: false })
      const owner = yield* engine(store, [task], often)
      yield* Effect.flip(owner.run(task.execute({}, { id: "f1" })))
      const client = yield* engine(store, [], often)
      const { hash } = yield* client.service.plan("f1", { _tag: "close" })
      const acts = [owner, client].map(({ service }, index) =>
        Effect.either(service.close("f1", { by: `operator ${index}`, plan: hash }))
      )
      const told = yield* asked(Effect.all(acts, { concurrency: 2 }))
      assert.deepStrictEqual(told.map(({ _tag }) => _tag).sort(), ["Left", "Right"])
      const lost = told.find(({ _tag }) => _tag === "Left")
      assert.instanceOf(lost?._tag === "Left" ? lost.left : undefined, Errors.PlanOutdated)
      assert.strictEqual(tags(store, "f1").filter((tag) => tag === "Closing").length, 1)
    })
  )

  it.scoped("of what runs says that it ends first; one of closing it is out of date once it has moved", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const gate = yield* Deferred.make<void>()
      const task = Task.make("gated", {
        *run() {
          yield* Phase.make("a", Deferred.await(gate))
          yield* Phase.make("b", Effect.zipRight(log.note("b"), Effect.never as Effect.Effect<void>))
        }
      })
      const one = yield* engine(store, [task])
      yield* one.run(task.start({}, { id: "g1" }))
      yield* recorded(store, "g1", "PhaseStarted", "a")
      const pause = yield* plan(one, "g1", { _tag: "pause" })
      assert.deepStrictEqual([brief(pause), pause.to], [["run a"], "Paused"])
      const close = yield* plan(one, "g1", { _tag: "close" })
      assert.deepStrictEqual([brief(close), close.to], [["close a"], "Closing"])
      assert.deepStrictEqual(close.inDoubt, [{ path: "a", name: "a", then: "leave" }])
      yield* Deferred.succeed(gate, undefined)
      yield* recorded(store, "g1", "PhaseStarted", "b")
      yield* idle
      assert.instanceOf(yield* Effect.flip(one.service.close("g1", { plan: close.hash })), Errors.PlanOutdated)
      const again = yield* one.service.plan("g1", { _tag: "close" })
      assert.strictEqual((yield* one.service.close("g1", { plan: again.hash })).status, "Closed")
    })
  )

  it.scoped("says what becomes of what is in doubt, and warns of retries without an end", () =>
    Effect.gen(function* () {
      const store = memory()
      const never = Effect.never as Effect.Effect<void>
      const task = Task.make("doubtful", {
        error: Schema.String,
        *run() {
          yield* Phase.all(
            [
              Phase.make("a", { run: never, retry: Schedule.spaced("1 hour") }),
              Phase.make("b", { run: never, inDoubt: "ask", retry: Schedule.recurs(3) }),
              Phase.make("c", { run: never, undoUnknown: () => Effect.void })
            ],
            { name: "both" }
          )
        }
      })
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id: "d1" }))
      yield* recorded(store, "d1", "PhaseStarted", "both/c")
      yield* first.kill
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled("d1")).status, "Failed")
      const made = yield* plan(second, "d1", { _tag: "resume" })
      const doubts = made.inDoubt.map(({ path, then }) => `${path} ${then}`)
      assert.deepStrictEqual(doubts, ["both/a rerun", "both/b ask", "both/c rerun"])
      assert.lengthOf(
        made.warnings.filter((warning) => warning.startsWith("both/a")),
        1
      )
      assert.lengthOf(
        made.warnings.filter((warning) => warning.includes("nobody knows whether both/b")),
        1
      )
      const rerun = yield* plan(second, "d1", { _tag: "resume", inDoubt: "rerun" })
      assert.deepStrictEqual(brief(rerun), ["run both/a", "run both/b", "run both/c"])
      const revert = yield* plan(second, "d1", { _tag: "revert" })
      assert.deepStrictEqual(
        revert.inDoubt.map(({ path, then }) => `${path} ${then}`),
        ["both/c undoUnknown", "both/b leave", "both/a leave"]
      )
      assert.deepStrictEqual(brief(revert), ["undo both/c"])
    })
  )

  it.scoped("goes through checkpoints, up to the one where it stops", () =>
    Effect.gen(function* () {
      const log = logbook()
      const fixed = { current: false }
      const task = Task.make("marked", {
        error: Schema.String,
        *run() {
          yield* Phase.make(
            "a",
            Effect.suspend(() => (fixed.current ? log.note("a") : Effect.fail("no")))
          )
          yield* Phase.checkpoint("one", { commit: true, data: { n: 1 } })
          yield* Phase.checkpoint("two")
          yield* Phase.make("b", log.note("b"))
        }
      })
      const one = yield* engine(memory(), [task])
      yield* Effect.flip(one.run(task.execute({}, { id: "m" })))
      const skip = { _tag: "skip", phase: "a" } as const
      const through = yield* plan(one, "m", skip)
      assert.deepStrictEqual(brief(through), ["skip a", "run one", "run two", "run b"])
      assert.deepStrictEqual(through.commits, [{ path: "one", name: "one" }])
      const stops = yield* plan(one, "m", { _tag: "resume", values: { a: null }, stopAt: "one" })
      assert.deepStrictEqual([brief(stops), stops.more], [["skip a", "run one"], false])
      yield* one.service.resume("m", { values: { a: null }, stopAt: "one", plan: stops.hash })
      assert.deepInclude(yield* one.service.settled("m"), { status: "Paused", position: "one" })
      assert.deepStrictEqual(log.lines, [])
    })
  )
})
