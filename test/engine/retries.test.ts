import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, logbook, memory, recorded } from "../support/engines.js"
import { failing, gated, type Log, undoable } from "../support/phases.js"

const id = "g1"

/** Fails until its `until`-th call. */
const flaky = (log: Log, name: string, until: number) => {
  let calls = 0
  return Phase.make(
    name,
    Effect.suspend(() => {
      calls++
      return Effect.zipRight(
        log.note(`${name} ${calls}`),
        calls < until ? Effect.fail(`${name} ${calls}`) : Effect.void
      )
    })
  )
}

describe("a group with a retry", () => {
  it.scoped("that succeeds on its second attempt: only the group was run again", () =>
    Effect.gen(function* () {
      const log = logbook()
      const last = flaky(log, "c", 2)
      const task = Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          yield* undoable(log, "a")
          const found = yield* Phase.group(
            "g",
            function* (attempt) {
              yield* undoable(log, "b")
              yield* last
              return `attempt ${attempt}`
            },
            { retry: Retry.times(3) }
          )
          yield* undoable(log, "d")
          return found
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      assert.strictEqual(yield* run(task.execute({}, { id })), "attempt 2")
      assert.deepStrictEqual(log.lines, ["a", "b", "c 1", "undo b", "b", "c 2", "d"])
      const decided = entries(store, id).filter(({ _tag }) => _tag === "Decided" || _tag === "Rewound")
      assert.deepStrictEqual(decided, [
        {
          _tag: "Decided",
          path: "g",
          attempt: 1,
          failures: [{ _tag: "Fail", path: "g/c", error: "c 1" }],
          decision: "again"
        },
        { _tag: "Rewound", to: "g" }
      ])
      const group = (yield* service.status(id)).phases.find(({ path }) => path === "g")
      assert.deepInclude(group, { state: "succeeded", attempt: 2 })
    })
  )

  it.scoped("gives up after three attempts: then the task reverts, all of it once", () =>
    Effect.gen(function* () {
      const log = logbook()
      const last = flaky(log, "c", 9)
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* undoable(log, "a")
          yield* Phase.group(
            "g",
            function* () {
              yield* undoable(log, "b")
              yield* last
            },
            { retry: Retry.times(3) }
          )
        }
      })
      const { run, service } = yield* engine(memory())
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "c 3")
      assert.strictEqual((yield* service.status(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, [
        ...["a", "b", "c 1", "undo b"],
        ...["b", "c 2", "undo b"],
        ...["b", "c 3", "undo b", "undo a"]
      ])
    })
  )

  it.scoped("halts where it gave up; a resume runs what failed, and has all its attempts again", () =>
    Effect.gen(function* () {
      const log = logbook()
      const last = flaky(log, "c", 4)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              yield* undoable(log, `b ${attempt}`)
              yield* last
            },
            { retry: Retry.times(2) }
          )
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "c 2")
      assert.strictEqual((yield* service.status(id)).status, "Failed")
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["b 1", "c 1", "undo b 1", "b 2", "c 2", "c 3", "undo b 2", "b 3", "c 4"])
    })
  )

  it.scoped("starts the groups in it afresh: the inner gives up, the outer tries again, the inner has attempt 1", () =>
    Effect.gen(function* () {
      const log = logbook()
      const attempts: Array<ReadonlyArray<unknown>> = []
      const last = flaky(log, "c", 5)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "outer",
            function* (outer) {
              yield* undoable(log, "a")
              yield* Phase.group(
                "inner",
                function* (inner, value) {
                  attempts.push([outer, inner, value])
                  yield* undoable(log, "b")
                  yield* last
                },
                { retry: Retry.forEach(["x", "y"]) }
              )
            },
            { retry: Retry.times(3) }
          )
        }
      })
      const { run } = yield* engine(memory())
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(attempts, [
        [1, 1, "x"],
        [1, 2, "y"],
        [2, 1, "x"],
        [2, 2, "y"],
        [3, 1, "x"]
      ])
      assert.deepStrictEqual(log.lines, [
        ...["a", "b", "c 1", "undo b", "b", "c 2", "undo b", "undo a"],
        ...["a", "b", "c 3", "undo b", "b", "c 4", "undo b", "undo a"],
        ...["a", "b", "c 5"]
      ])
    })
  )

  it.scoped("tries exactly the values [3, 2, 3, 5], in their order, twice what is there twice", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt, value) {
              yield* failing(log, `${attempt}: ${value}`)
            },
            { retry: Retry.forEach([3, 2, 3, 5]) }
          )
        }
      })
      const store = memory()
      const { run } = yield* engine(store)
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "4: 5")
      assert.deepStrictEqual(log.lines, ["1: 3", "2: 2", "3: 3", "4: 5"])
      const decisions = entries(store, id).flatMap((entry) =>
        entry._tag === "Decided" ? [[entry.decision, entry.value]] : []
      )
      assert.deepStrictEqual(decisions, [
        ["again", 2],
        ["again", 3],
        ["again", 5],
        ["giveUp", undefined]
      ])
    })
  )

  it.scoped("leaves a slow sibling alone while it retries: that runs once, and is not interrupted", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Effect.makeLatch(false)
      const last = flaky(log, "b", 3)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            gated(log, "slow", gate.await),
            Phase.group(
              "g",
              function* () {
                yield* undoable(log, "a")
                yield* last
              },
              { retry: Retry.times(3) }
            )
          ])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* recorded(store, id, "PhaseSucceeded", "all/g")
      assert.deepStrictEqual(log.lines, ["a", "b 1", "undo a", "a", "b 2", "undo a", "a", "b 3"])
      yield* gate.open
      yield* Fiber.join(caller)
      assert.strictEqual(log.lines.at(-1), "slow")
      const slow = (yield* service.status(id)).phases.find(({ path }) => path === "all/slow")
      assert.deepInclude(slow, { state: "succeeded", attempt: 1 })
    })
  )

  it.scoped("interrupts what runs in it, runs its `finally` blocks, and undoes only then", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              try {
                yield* undoable(log, "a")
                yield* Phase.all([
                  gated(log, "slow", attempt === 1 ? Effect.never : Effect.void),
                  ...(attempt === 1 ? [failing(log, "b")] : [])
                ])
              } finally {
                yield* Phase.make("clean", log.note("clean"))
              }
            },
            { retry: Retry.times(2) }
          )
        }
      })
      const store = memory()
      const { run } = yield* engine(store)
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(log.lines, [
        ...["a", "b", "slow let go", "clean", "undo slow?", "undo a"],
        ...["a", "slow", "clean"]
      ])
      const paths = entries(store, id).flatMap((entry) => (entry._tag === "PhaseStarted" ? [entry.path] : []))
      assert.includeMembers(paths, ["g/close/clean", "g/revert#1/undo/g/all/slow", "g/revert#1/undo/g/a", "g/clean"])
    })
  )

  it.scoped("starts the retries of the phases in it afresh: attempts are counted from 1 in each of its own", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              yield* Phase.make(
                "a",
                Effect.flatMap(Phase.attempt, (n) =>
                  Effect.zipRight(
                    log.note(`${attempt}: a ${n}`),
                    attempt === 3 && n === 3 ? Effect.void : Effect.fail(`${attempt}: a ${n}`)
                  )
                ),
                { retry: Schedule.recurs(2) }
              )
            },
            { retry: Retry.times(3) }
          )
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(log.lines, [
        ...["1: a 1", "1: a 2", "1: a 3"],
        ...["2: a 1", "2: a 2", "2: a 3"],
        ...["3: a 1", "3: a 2", "3: a 3"]
      ])
      const { phases } = yield* service.status(id)
      assert.deepStrictEqual(
        phases.map(({ attempt, path }) => [path, attempt]),
        [
          ["g", 3],
          ["g/a", 3]
        ]
      )
      const started = entries(store, id).flatMap((entry) =>
        entry._tag === "PhaseStarted" && entry.path === "g/a" ? [entry.generation ?? 0] : []
      )
      assert.deepStrictEqual(started, [0, 1, 2])
    })
  )
})

describe("a failure in both of two parallel branches", () => {
  it.scoped("shows both to every undo, to the caller and to `status`", () =>
    Effect.gen(function* () {
      const log = logbook()
      const branch = (name: string) =>
        Phase.group(name, function* () {
          yield* undoable(log, `${name} done`)
          yield* failing(log, `${name} broken`)
        })
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* undoable(log, "before")
          yield* Phase.all([branch("x"), branch("y")], { mode: "settle" })
        },
        *revert(completed, { failures }) {
          const why = failures.map(({ path }) => path).join(" and ")
          for (const phase of completed) {
            yield* Phase.make(`see ${phase.path}`, log.note(`${phase.path}, for ${why}`))
            yield* phase.undo
          }
        }
      })
      const { run, service } = yield* engine(memory())
      const exit = yield* Effect.exit(run(task.execute({}, { id })))
      assert.deepStrictEqual(Exit.isFailure(exit) && [...Cause.failures(exit.cause)], ["x broken", "y broken"])
      const both = "for all/x/x broken and all/y/y broken"
      assert.deepStrictEqual(log.lines.slice(-6), [
        ...[`all/y/y done, ${both}`, "undo y done"],
        ...[`all/x/x done, ${both}`, "undo x done"],
        ...[`before, ${both}`, "undo before"]
      ])
      const { failures, status } = yield* service.status(id)
      assert.deepStrictEqual(
        [status, failures],
        [
          "Reverted",
          [
            { _tag: "Fail", path: "all/x/x broken", error: "x broken" },
            { _tag: "Fail", path: "all/y/y broken", error: "y broken" }
          ]
        ]
      )
    })
  )
})
