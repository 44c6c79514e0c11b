import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded } from "../support/engines.js"
import { type Log, never, undoable } from "../support/phases.js"

const id = "f1"

const failsAt = (name: string, gate: Effect.Effect<unknown> = Effect.void) =>
  Phase.make(name, Effect.zipRight(gate, Effect.fail(name)))

/** Two branches beside each other, in groups: the first one is over at once, if it ends like that. */
const beside = (log: Log, first: Phase.Phase<unknown, string, never, never, true>) =>
  Task.make("beside", {
    error: Schema.String,
    *run() {
      yield* Phase.all([
        Phase.group("first", function* () {
          yield* first
        }),
        Phase.group("second", function* () {
          yield* undoable(log, "effect")
        })
      ])
    }
  })

/** `inner` has failures when the branch beside it fails, and something in it still runs. */
const parked = (inner: Phase.Phase<unknown, string, never, never, true>, last: string) =>
  Effect.gen(function* () {
    const gate = yield* Effect.makeLatch(false)
    const task = Task.make("parked", {
      error: Schema.String,
      *run() {
        yield* Phase.all([failsAt("sibling", gate.await), inner])
      }
    })
    const store = memory()
    const { run, service } = yield* engine(store)
    const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
    yield* recorded(store, id, "PhaseFailed", last)
    yield* gate.open
    const error = yield* Fiber.join(caller)
    const { failures } = yield* service.status(id)
    return { error, paths: failures.map(({ path }) => path) }
  })

describe("a failure that comes at once", () => {
  it.scoped("starts nothing beside it that comes after it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const { run } = yield* engine(store)
      assert.strictEqual(yield* Effect.flip(run(beside(log, Phase.fail("no")).execute({}, { id }))), "no")
      assert.deepStrictEqual(log.lines, [])
      const paths = entries(store, id).flatMap((entry) => (entry._tag === "PhaseStarted" ? [entry.path] : []))
      assert.deepStrictEqual(paths, ["all", "all/first", "all/second", "all/first/fail"])
    })
  )

  for (const running of [false, true]) {
    it.scoped(
      `enters no group beside it that comes after it, ${running ? "also" : "not"} while something runs there`,
      () =>
        Effect.gen(function* () {
          const log = logbook()
          const throws = (name: string) =>
            Phase.group(name, function* (): Generator<never, void> {
              log.lines.push(name)
              throw new Error("oops")
            })
          const leaves = Phase.group("leaves", function* () {
            try {
              yield* undoable(log, "effect")
            } finally {
              yield* undoable(log, "clean")
            }
          })
          const hangs = Phase.make("hangs", never)
          const all = Phase.all([...(running ? [hangs] : []), throws("first"), throws("second"), leaves])
          const task = Task.make("t", {
            *run({ exit }) {
              yield* exit ? Phase.exit(all) : all
            },
            payload: { exit: Schema.Boolean }
          })
          const { run, service } = yield* engine(memory())
          yield* Effect.exit(run(task.execute({ exit: false }, { id })))
          const { failures } = yield* service.status(id)
          assert.deepStrictEqual(
            failures.map(({ path }) => path),
            ["all/first"]
          )
          yield* run(task.execute({ exit: true }, { id: "exit" }))
          assert.deepStrictEqual(log.lines, ["first", "first"])
        })
    )
  }

  it.scoped("lets the others begin where it is no failure, or a value", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { run } = yield* engine(memory())
      yield* run(beside(log, Phase.checkpoint("mark")).execute({}, { id: "mark" }))
      yield* run(beside(log, Phase.either(failsAt("no"))).execute({}, { id: "either" }))
      assert.deepStrictEqual(log.lines, ["effect", "effect"])
    })
  )

  it.scoped("starts nothing beside a checkpoint that wins a race", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        *run() {
          yield* Phase.race([Phase.checkpoint("mark"), undoable(log, "late")])
        }
      })
      const { run } = yield* engine(memory())
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(log.lines, [])
    })
  )
})

describe("failures in several branches", () => {
  it.scoped("are kept where a race is not decided, the oldest first", () =>
    Effect.gen(function* () {
      const inner = Phase.race([failsAt("early"), Phase.make("hangs", never)])
      const { error, paths } = yield* parked(inner, "all/race/early")
      assert.deepStrictEqual([error, paths], ["early", ["all/race/early", "all/sibling"]])
    })
  )

  it.scoped("are kept where others are to settle, the oldest first", () =>
    Effect.gen(function* () {
      const inner = Phase.all([failsAt("early"), Phase.make("hangs", never)], { mode: "settle", name: "inner" })
      const outer = Phase.forEach("outer", [inner], (phase) => phase)
      const { error, paths } = yield* parked(outer, "all/outer/0/early")
      assert.deepStrictEqual([error, paths], ["early", ["all/outer/0/early", "all/sibling"]])
    })
  )

  for (const what of ["branches", "a group around them"]) {
    it.scoped(`are none of the caller's where they were to be a value: of ${what}`, () =>
      Effect.gen(function* () {
        const inner = Phase.all([failsAt("early"), Phase.make("hangs", never)], { mode: "settle", name: "inner" })
        const group = Phase.group("g", function* () {
          yield* inner
        })
        const { error, paths } = yield* what === "branches"
          ? parked(Phase.exit(inner), "all/inner/early")
          : parked(Phase.exit(group), "all/g/inner/early")
        assert.deepStrictEqual([error, paths], ["sibling", ["all/sibling"]])
      })
    )
  }

  it.scoped("are kept where a strategy is asked about the first of them, and the second lets go of that", () =>
    Effect.gen(function* () {
      const throws = function* (): Generator<never, void> {
        throw new Error("oops")
      }
      const task = Task.make("t", {
        *run() {
          yield* Phase.all([Phase.group("asks", throws, { retry: Retry.times(1) }), Phase.group("throws", throws)])
        }
      })
      const { run, service } = yield* engine(memory())
      yield* Effect.exit(run(task.execute({}, { id })))
      const { failures } = yield* service.status(id)
      assert.deepStrictEqual(
        failures.map(({ path }) => path),
        ["all/asks", "all/throws"]
      )
    })
  )

  for (const [captured, expected] of [
    [false, ["all/g/early", "all/sibling"]],
    [true, ["all/sibling"]]
  ] as const) {
    it.scoped(`are kept where a strategy is asked about them, ${captured ? "if they are no value" : "too"}`, () =>
      Effect.gen(function* () {
        const body = function* () {
          yield* failsAt("early")
        }
        const inner = Phase.group("g", body, { retry: Retry.from({ first: 0, next: () => Effect.never }) })
        const { paths } = yield* parked(captured ? Phase.exit(inner) : inner, "all/g/early")
        assert.deepStrictEqual(paths, [...expected])
      })
    )
  }

  it.scoped("come in the order in which they happened, however deep", () =>
    Effect.gen(function* () {
      const gates = [yield* Effect.makeLatch(false), yield* Effect.makeLatch(false)] as const
      const settle = { mode: "settle" } as const
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          const inner = Phase.all([failsAt("first"), failsAt("third", gates[1].await)], { ...settle, name: "inner" })
          yield* Phase.all([inner, failsAt("second", gates[0].await)], settle)
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* recorded(store, id, "PhaseFailed", "all/inner/first")
      yield* gates[0].open
      yield* recorded(store, id, "PhaseFailed", "all/second")
      yield* gates[1].open
      assert.strictEqual(yield* Fiber.join(caller), "first")
      const { failures } = yield* service.status(id)
      assert.deepStrictEqual(
        failures.map(({ path }) => path),
        ["all/inner/first", "all/second", "all/inner/third"]
      )
    })
  )

  it.scoped("are kept where strategies decide about them at the same time, though one lets go of the other", () =>
    Effect.gen(function* () {
      const gate = yield* Effect.makeLatch(false)
      const log = logbook()
      let mended = false
      const group = (name: string, attempts: number) =>
        Phase.group(
          name,
          function* () {
            yield* undoable(log, `${name} before`)
            yield* Phase.make(
              `${name} fails`,
              Effect.suspend(() => (mended ? log.note(name) : Effect.zipRight(gate.await, Effect.fail(name))))
            )
          },
          { retry: Retry.times(attempts) }
        )
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([group("a", 1), group("b", 2)])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* idle
      yield* gate.open
      assert.strictEqual(yield* Fiber.join(caller), "a")
      const { failures } = yield* service.status(id)
      assert.deepStrictEqual(
        failures.map(({ path }) => path),
        ["all/a/a fails", "all/b/b fails"]
      )
      const decided = entries(store, id).flatMap((entry) => (entry._tag === "Decided" ? [entry.decision] : []))
      assert.deepStrictEqual(decided, ["giveUp", "again"])
      assert.deepStrictEqual(log.lines.splice(0), ["a before", "b before"])
      mended = true
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.sameMembers(log.lines, ["a", "undo b before", "b before", "b"])
    })
  )
})
