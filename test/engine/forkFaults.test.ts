import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "f1"

describe("a limit that branches come to", () => {
  it.scoped("starts none of those that come to it together, and lets the execution be reverted", () =>
    Effect.gen(function* () {
      const log = logbook()
      const names = ["a", "b", "c", "d"]
      const task = Task.make("t", {
        *run() {
          yield* Phase.forEach("one", names, (name) => undoable(log, name), { concurrency: "unbounded" })
          yield* Phase.forEach("two", names, (name) => undoable(log, `${name} 2`), { concurrency: "unbounded" })
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task], { maxPhases: 8 })
      assert.instanceOf(yield* Effect.flip(run(task.execute({}, { id }))), Errors.ExecutionFailed)
      const { failures, phases } = yield* service.status(id)
      assert.deepInclude(failures[0], { _tag: "Fault", reason: "LimitReached", path: "two/2" })
      assert.isFalse(phases.some(({ path }) => path.startsWith("two/")))
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, [...names, "undo d", "undo c", "undo b", "undo a"])
    })
  )

  it.scoped("interrupts those that run", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        *run() {
          yield* Phase.all([
            gated(log, "slow", never),
            Phase.group("g", function* () {
              for (;;) yield* Phase.make("a", Effect.void)
            })
          ])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task], { maxPhases: 20 })
      yield* Effect.flip(run(task.execute({}, { id })))
      assert.deepStrictEqual(log.lines, ["slow let go"])
      const { failures, phases } = yield* service.status(id)
      assert.deepInclude(failures[0], { _tag: "Fault", reason: "LimitReached" })
      assert.deepInclude(
        phases.find(({ path }) => path === "all/slow"),
        { state: "in doubt" }
      )
    })
  )
})

describe("code that does not fit what branches recorded", () => {
  const version = (log: Log, names: ReadonlyArray<string>, hang: boolean) =>
    Task.make("t", {
      *run() {
        yield* Phase.all([
          gated(log, "slow", hang ? never : Effect.void),
          Phase.group("g", function* () {
            for (const name of names) yield* Phase.make(name, hang && name === "b" ? never : log.note(name))
          })
        ])
      }
    })

  it.scoped("parks the execution before any branch goes on; code that fits goes on by itself", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const first = yield* engine(store, [version(log, ["a", "b"], true)])
      yield* first.run(version(log, ["a", "b"], true).start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "all/g/b")
      yield* idle
      yield* first.kill
      const second = yield* engine(store, [version(log, ["x", "b"], false)])
      const { failures, status } = yield* second.service.settled(id)
      assert.strictEqual(status, "Failed")
      assert.deepInclude(failures[0], { _tag: "Fault", reason: "HistoryMismatch", path: "all/g/a" })
      assert.deepStrictEqual(log.lines, ["a"])
      yield* second.end
      const third = yield* engine(store, [version(log, ["a", "b"], false)])
      yield* idle
      assert.strictEqual((yield* third.service.settled(id)).status, "Completed")
      assert.sameMembers(log.lines, ["a", "slow", "b"])
    })
  )

  const items = (log: Log, list: ReadonlyArray<string>, done: boolean, concurrency = 2) =>
    Task.make("t", {
      error: Schema.String,
      *run() {
        yield* Phase.forEach(
          "items",
          list,
          (item) => (item !== "a" && !done ? failing(log, item) : Phase.make("step", log.note(item))),
          { concurrency }
        )
      }
    })

  const restarted = (before: ReturnType<typeof items>, after: ReturnType<typeof items>) =>
    Effect.gen(function* () {
      const store = memory()
      const first = yield* engine(store, [before])
      yield* Effect.flip(first.run(before.execute({}, { id })))
      yield* first.end
      const second = yield* engine(store, [after])
      yield* second.service.resume(id)
      return { status: yield* second.service.settled(id), store }
    })

  it.scoped("names both items where they changed their order", () =>
    Effect.gen(function* () {
      const log = logbook()
      const refused = yield* Effect.flip(
        restarted(
          Task.make("t", {
            error: Schema.String,
            *run() {
              yield* Phase.forEach("items", ["a", "b"], (item) =>
                item === "b" ? failing(log, "step") : step(log, item)
              )
            }
          }),
          Task.make("t", {
            error: Schema.String,
            *run() {
              yield* Phase.forEach("items", ["b", "a"], (item) => step(log, item))
            }
          })
        )
      )
      assert.deepInclude(refused, { _tag: "HistoryMismatch", path: "items/0" })
      assert.match(String(refused), /"a".*"b"/)
      assert.deepStrictEqual(log.lines, ["a", "step"])
    })
  )

  it.scoped("is not what runs another number of them at a time", () =>
    Effect.gen(function* () {
      const log = logbook()
      const named = (done: boolean, concurrency: number) =>
        Task.make("t", {
          error: Schema.String,
          *run() {
            yield* Phase.forEach(
              "items",
              ["a", "b", "c", "d"],
              (item) =>
                Phase.make(
                  item,
                  Effect.suspend(() => (item === "b" && !done ? Effect.fail("no") : log.note(item)))
                ),
              { concurrency }
            )
          }
        })
      for (const [before, after] of [
        [1, 4],
        [4, 1],
        [2, 3]
      ] as const) {
        log.lines.length = 0
        const { status, store } = yield* restarted(named(false, before), named(true, after))
        assert.strictEqual(status.status, "Completed")
        assert.sameMembers([...new Set(log.lines)], ["a", "b", "c", "d"])
        assert.deepStrictEqual(
          entries(store, id).filter((entry) => entry._tag === "PhaseSucceeded" && entry.path === "items/0").length,
          1
        )
      }
    })
  )
})

const step = (log: Log, item: string) => Phase.make("step", log.note(item))

describe("a TypeError for what is no fork", () => {
  const bad: ReadonlyArray<readonly [what: string, make: () => unknown, message: RegExp]> = [
    ["no branch at all", () => Phase.all([Effect.void] as never), /branch 0 of Phase.all is not a phase but an Effect/],
    ["a concurrency of nothing", () => Phase.all([], { concurrency: 0 }), /concurrency of Phase.all .* not 0/],
    [
      "a fraction of one",
      () => Phase.forEach("items", [1], () => Phase.make("a", Effect.void), { concurrency: 0.5 }),
      /concurrency of Phase.forEach items .* not 0.5/
    ],
    ["a race of nothing", () => Phase.race([] as never), /Phase.race takes at least one phase/],
    [
      "a key that is there twice",
      () => Phase.forEach("items", [1, 2], () => Phase.make("a", Effect.void), { key: () => "k" }),
      /k for the items 0 and 1/
    ],
    [
      "a circle",
      () =>
        Phase.graph("g", {
          a: { needs: ["b"], run: Phase.make("a", Effect.void) },
          b: { needs: ["a"], run: Phase.make("b", Effect.void) }
        } as never),
      /a -> b -> a/
    ],
    [
      "a need that is nobody",
      () => Phase.graph("g", { a: { needs: ["x"], run: Phase.make("a", Effect.void) } } as never),
      /node a of Phase.graph g needs x/
    ]
  ]
  for (const [what, make, message] of bad) {
    it.scoped(`stops the execution as a defect of the task, nothing of it started: ${what}`, () =>
      Effect.gen(function* () {
        const log = logbook()
        const task = Task.make("t", {
          onFailure: "revert",
          *run() {
            yield* undoable(log, "before")
            yield* make() as Phase.Phase<void>
          }
        })
        const { run, service } = yield* engine(memory())
        assert.instanceOf(yield* Effect.flip(run(task.execute({}, { id }))), Errors.ExecutionReverted)
        const { failures, phases } = yield* service.status(id)
        const [failure] = failures
        assert.deepInclude(failure, { _tag: "TaskDefect", path: "before" })
        assert.match(failure?._tag === "TaskDefect" ? failure.defect.message : "", message)
        assert.deepStrictEqual(
          phases.map(({ path }) => path),
          ["before", "revert#1/undo/before"]
        )
      })
    )
  }

  it.scoped("is one where a node of a graph answers no phase: it fails that node alone", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        *run() {
          yield* Phase.graph("g", {
            a: { run: undoable(log, "a") },
            b: { needs: ["a"], run: () => 7 as never }
          } as never) as Phase.Phase<void>
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.flip(run(task.execute({}, { id })))
      const { failures, status } = yield* service.status(id)
      assert.deepInclude(failures[0], { _tag: "TaskDefect", path: "g/b" })
      assert.strictEqual(status, "Failed")
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "undo a"])
    })
  )
})

describe("a group that is no group", () => {
  it.scoped("is named with what it is", () =>
    Effect.gen(function* () {
      const task = Task.make("t", {
        *run() {
          yield* Phase.group("g", (() => 7) as never) as Phase.Phase<void>
        }
      })
      const { run, service } = yield* engine(memory())
      yield* Effect.flip(run(task.execute({}, { id })))
      const [failure] = (yield* service.status(id)).failures
      assert.deepInclude(failure, { _tag: "Fault", reason: "StrangeYield", path: "g" })
      assert.match(failure?._tag === "Fault" ? failure.message : "", /number instead of a generator.*function\*/)
    })
  )

  it.scoped("is one that yields what is no phase", () =>
    Effect.gen(function* () {
      const task = Task.make("t", {
        *run() {
          yield* Phase.group("g", function* () {
            yield* Phase.checkpoint("mark")
            yield Effect.void as never
          })
        }
      })
      const { run, service } = yield* engine(memory())
      yield* Effect.flip(run(task.execute({}, { id })))
      const [failure] = (yield* service.status(id)).failures
      assert.deepInclude(failure, { _tag: "Fault", reason: "StrangeYield", path: "g/mark" })
    })
  )
})
