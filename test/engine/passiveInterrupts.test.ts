import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { Ownership } from "../../src/engine/Ownership.js"
import { Phase, Task, TaskEngine } from "../../src/index.js"
import type { Store } from "../../src/store/Store.js"
import { engine, entries, memory, recorded } from "../support/engines.js"

const hour = 3_600_000

/** What a phase does, and how long it takes to be rid of it, in milliseconds. */
const works: Record<string, readonly [Effect.Effect<void>, number]> = {
  "never ends": [Effect.never, 0],
  "takes its time to let go": [Effect.onInterrupt(Effect.never, () => Effect.sleep("1 minute")), 60_000],
  "cannot be interrupted": [Effect.uninterruptible(Effect.sleep("2 hours")), 2 * hour - 1000],
  "cannot be interrupted at first": [
    Effect.uninterruptibleMask((restore) => Effect.zipRight(Effect.sleep("3 hours"), restore(Effect.never))),
    3 * hour - 1000
  ]
}

/** How somebody who advances is interrupted, after a second. */
const ways: Record<string, <A, E, R>(advance: Effect.Effect<A, E, R>) => Effect.Effect<unknown, E, R>> = {
  race: (advance) => Effect.race(advance, Effect.sleep("1 second")),
  raceFirst: (advance) => Effect.raceFirst(Effect.sleep("1 second"), advance),
  "a mask": (advance) =>
    Effect.uninterruptibleMask((restore) => Effect.raceFirst(restore(advance), restore(Effect.sleep("1 second")))),
  "Fiber.interrupt": (advance) =>
    Effect.flatMap(Effect.fork(advance), (fiber) => Effect.delay(Fiber.interrupt(fiber), "1 second"))
}

const some = Effect.repeatN(Effect.yieldNow(), 40)
const pass = (millis: number) => Effect.zipRight(some, Effect.zipRight(TestClock.adjust(millis), some))

/** A task of one phase, created and not begun. */
const started = (work: Effect.Effect<void>, grace: number) =>
  Effect.gen(function* () {
    const store = memory()
    const task = Task.make("one", {
      *run() {
        yield* Phase.make("a", work)
      }
    })
    const { run } = yield* engine(store, [task], { mode: "passive", grace })
    yield* run(task.start({}, { id: "o1" }))
    return { store, advance: run(TaskEngine.advance("o1")) }
  })

describe("interrupting whoever advances", () => {
  for (const [work, [effect, takes]] of Object.entries(works))
    for (const grace of [0, hour])
      it.scoped(`hands back a phase that ${work}, after a grace of ${grace} ms, in every way`, () =>
        Effect.forEach(
          Object.entries(ways),
          ([way, interrupted]) =>
            Effect.gen(function* () {
              const { advance, store } = yield* started(effect, grace)
              const fiber = yield* Effect.fork(interrupted(advance))
              yield* recorded(store, "o1", "PhaseStarted", "a")
              yield* pass(1000)
              const left = takes === 60_000 ? grace + takes : Math.max(grace, takes)
              if (left > 0) {
                yield* pass(left - 1)
                assert.strictEqual((yield* fiber.poll)._tag, "None", way)
                yield* pass(1)
              }
              assert.strictEqual((yield* fiber.poll)._tag, "Some", way)
              assert.deepInclude(entries(store, "o1").at(-1), { _tag: "Suspended" }, way)
              assert.isUndefined(store.ownedSince, way)
            }),
          { discard: true }
        )
      )

  it.scoped("is not forgotten while the store is let go", () =>
    Effect.gen(function* () {
      // Only the second finalizer that runs on a fiber sets back whether that was interrupted.
      const slow = Effect.acquireRelease(Effect.succeed(false), () => Effect.sleep("1 second"))
      const store = { own: Effect.zipRight(slow, slow) } as unknown as Store
      const one = yield* Effect.makeSemaphore(1)
      const ownership = new Ownership(store, { mode: "passive" }, yield* Effect.scope, one, () => 0)
      const fiber = yield* Effect.fork(Effect.zipRight(ownership.during(Effect.void), Effect.never))
      yield* pass(1000)
      yield* Fiber.interruptFork(fiber)
      yield* pass(1000)
      assert.strictEqual((yield* fiber.poll)._tag, "Some")
    })
  )

  it.scoped("leaves the execution to those who still advance it, whoever began it and whenever one goes", () =>
    Effect.gen(function* () {
      for (const first of [true, false])
        for (let turns = 0; turns < 80; turns += 4) {
          const gate = yield* Deferred.make<void>()
          const { advance, store } = yield* started(Deferred.await(gate), 0)
          const goes = Effect.raceFirst(advance, Effect.repeatN(Effect.yieldNow(), turns))
          const [one, other] = yield* Effect.all([
            Effect.fork(first ? goes : advance),
            Effect.fork(first ? advance : goes)
          ])
          const [gone, stays] = first ? [one, other] : [other, one]
          yield* Fiber.join(gone)
          yield* some
          assert.strictEqual((yield* stays.poll)._tag, "None", `${first} ${turns}`)
          yield* Deferred.succeed(gate, undefined)
          assert.deepInclude(yield* Fiber.join(stays), { status: "Completed" }, `${first} ${turns}`)
          assert.isUndefined(store.ownedSince)
        }
    })
  )
})
