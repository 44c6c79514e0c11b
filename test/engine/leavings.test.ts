/** What has failed and is a value to somebody stays as it is once its clean-up has begun, whoever resumes the execution. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import { engine, logbook, memory, recorded } from "../support/engines.js"
import { type Log, never, undoable } from "../support/phases.js"

const id = "l1"

/** Whether what was broken is mended, and what was stuck moves. */
interface World {
  readonly log: Log
  mended: boolean
}

const broken = (world: World, name: string, how: Effect.Effect<never, string>) =>
  Phase.make(
    name,
    Effect.suspend(() => Effect.zipRight(world.log.note(name), world.mended ? Effect.void : how))
  )

const stuck = (world: World, name: string) =>
  Phase.make(
    name,
    Effect.suspend(() => (world.mended ? world.log.note(name) : never))
  )

/** What a group does that fails, and stands still in the middle of its clean-up. */
const failing = (world: World, how: Effect.Effect<never, string> = Effect.fail("no")) =>
  function* () {
    try {
      yield* undoable(world.log, "a")
      yield* broken(world, "x", how)
      yield* undoable(world.log, "on")
    } finally {
      yield* undoable(world.log, "first")
      yield* stuck(world, "second")
    }
  }

/** What a group does whose clean-up stands still in the middle. */
const leaving = (world: World) =>
  function* () {
    try {
      yield* undoable(world.log, "a")
      yield* stuck(world, "b")
      yield* undoable(world.log, "on")
    } finally {
      yield* undoable(world.log, "first")
      yield* stuck(world, "second")
    }
  }

type Inside = (world: World) => Phase.Phase<unknown, string, never, never, boolean>

/** Runs it beside a phase that fails once the clean-up stands still at `at`: what is done before and after a resume. */
const resumed = (at: string, inside: Inside) =>
  Effect.gen(function* () {
    const world: World = { log: logbook(), mended: false }
    const due = yield* Deferred.make<void>()
    const task = Task.make("leaving", {
      error: Schema.String,
      *run() {
        const beside = broken(world, "beside", Effect.fail("beside"))
        yield* Phase.all([
          inside(world),
          Phase.group("late", function* () {
            yield* Phase.make("due", Deferred.await(due))
            yield* beside
          })
        ])
        yield* undoable(world.log, "after")
      }
    })
    const store = memory()
    const { run, service } = yield* engine(store, [task])
    yield* run(task.start({}, { id }))
    yield* recorded(store, id, "PhaseStarted", at)
    yield* Deferred.succeed(due, undefined)
    assert.strictEqual((yield* service.settled(id)).status, "Failed")
    const before = world.log.lines.splice(0)
    world.mended = true
    yield* service.resume(id)
    assert.strictEqual((yield* service.settled(id)).status, "Completed")
    return { before: before.join(), after: world.log.lines.join() }
  })

describe("a captured failure whose clean-up has begun when the execution stands still", () => {
  const cases: ReadonlyArray<readonly [what: string, at: string, inside: Inside]> = [
    [
      "is that of the group, and the rest of its `finally` runs",
      "all/g/close/second",
      (world) => Phase.either(Phase.group("g", failing(world)))
    ],
    [
      "is that of what the group is in",
      "all/outer/g/close/second",
      (world) =>
        Phase.either(
          Phase.group("outer", function* () {
            yield* Phase.group("g", failing(world))
            yield* undoable(world.log, "on")
          })
        )
    ],
    [
      "is that of a defect, to who takes defects",
      "all/g/close/second",
      (world) => Phase.exit(Phase.group("g", failing(world, Effect.die("no"))))
    ],
    [
      "is that of a defect, to the first who takes defects",
      "all/outer/g/close/second",
      (world) =>
        Phase.exit(
          Phase.group("outer", function* () {
            yield* Phase.either(Phase.group("g", failing(world, Effect.die("no"))))
            yield* undoable(world.log, "on")
          })
        )
    ]
  ]
  for (const [what, at, inside] of cases) {
    it.scoped(what, () =>
      Effect.gen(function* () {
        const { after, before } = yield* resumed(at, inside)
        assert.strictEqual(before, "a,x,first,beside")
        assert.strictEqual(after, "second,beside,after")
      })
    )
  }

  it.scoped("stays while groups beside it are left", () =>
    Effect.gen(function* () {
      const { after, before } = yield* resumed("all/both/g/close/second", (world) =>
        Phase.either(
          Phase.all([Phase.group("g", leaving(world)), broken(world, "x", Effect.fail("no"))], { name: "both" })
        )
      )
      assert.strictEqual(before, "x,a,first,beside")
      assert.strictEqual(after, "second,beside,after")
    })
  )

  it.scoped("stays what its strategy has given up", () =>
    Effect.gen(function* () {
      const asked: Array<number> = []
      const strategy = Retry.from({
        first: 1,
        next: (tries) => {
          asked.push(tries.length)
          return Retry.giveUp
        }
      })
      const { after, before } = yield* resumed("all/g/close/second", (world) =>
        Phase.either(Phase.group("g", failing(world), { retry: strategy }))
      )
      assert.strictEqual(before, "a,x,first,beside")
      assert.strictEqual(after, "second,beside,after")
      assert.deepStrictEqual(asked, [1])
    })
  )

  it.scoped("stays over a pause as well, and the answer is what failed", () =>
    Effect.gen(function* () {
      const world: World = { log: logbook(), mended: false }
      const gate = yield* Deferred.make<void>()
      const task = Task.make("pausing", {
        success: Schema.String,
        *run() {
          const found = yield* Phase.either(
            Phase.group("g", function* () {
              try {
                yield* broken(world, "x", Effect.fail("no"))
                yield* undoable(world.log, "on")
              } finally {
                yield* Phase.make("first", Deferred.await(gate))
                yield* undoable(world.log, "second")
              }
            })
          )
          return Either.isLeft(found) ? found.left : "went on"
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "g/close/first")
      yield* Effect.fork(service.pause(id))
      yield* recorded(store, id, "PauseRequested")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* service.settled(id)).status, "Paused")
      world.mended = true
      yield* service.resume(id)
      assert.deepStrictEqual(yield* run(Effect.exit(task.execute({}, { id }))), Exit.succeed("no"))
      assert.deepStrictEqual(world.log.lines, ["x", "second"])
    })
  )
})

describe("a failure that is nobody's value", () => {
  it.scoped("is tried again, whatever is left beside it", () =>
    Effect.gen(function* () {
      const world: World = { log: logbook(), mended: false }
      const due = yield* Deferred.make<void>()
      const task = Task.make("mixed", {
        error: Schema.String,
        *run() {
          yield* Phase.either(
            Phase.all([
              Phase.either(Phase.group("g", failing(world))),
              Phase.group("late", function* () {
                yield* Phase.make("due", Deferred.await(due))
                yield* broken(world, "y", Effect.die("y"))
              })
            ])
          )
          yield* undoable(world.log, "after")
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "all/g/close/second")
      yield* Deferred.succeed(due, undefined)
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      assert.deepStrictEqual(world.log.lines.splice(0), ["a", "x", "first", "y"])
      world.mended = true
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(world.log.lines, ["second", "y", "after"])
    })
  )
})
