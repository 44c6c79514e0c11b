import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, tags } from "../support/engines.js"

const id = "l1"
const failureOf = (task: {
  readonly execute: Task.Task<string, Record<never, never>, unknown, unknown, never>["execute"]
}) =>
  Effect.gen(function* () {
    const store = memory()
    const { run, service } = yield* engine(store)
    const answered = yield* Effect.exit(run(task.execute({}, { id })))
    const { failures, status } = yield* service.status(id)
    return { answered, failure: failures[0], status, store }
  })

/** An object with a getter that throws, one that holds itself, and the like. */
const cyclic: Record<string, unknown> = {}
cyclic.self = cyclic
const deep = (levels: number): unknown => {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

describe("a value that cannot be recorded", () => {
  const hostile: ReadonlyArray<readonly [name: string, value: unknown, at: string]> = [
    ["NaN", { a: [Number.NaN] }, "$.a[0]"],
    ["minus zero", -0, "$"],
    ["a Map", new Map(), "$"],
    ["a Date", { when: new Date(0) }, "$.when"],
    ["a BigInt", 1n, "$"],
    ["a function", () => 1, "$"],
    ["undefined in an array", [undefined], "$[0]"],
    ["a cycle", cyclic, "$.self"],
    [
      "a getter that throws",
      Object.defineProperty({}, "x", {
        enumerable: true,
        get: () => {
          throw new Error("no")
        }
      }),
      "$.x"
    ],
    ["a symbol key", { [Symbol("s")]: 1 }, "$"]
  ]
  for (const [name, value, at] of hostile) {
    it.scoped(`is a fault with its path, and the effect does not run again: ${name}`, () =>
      Effect.gen(function* () {
        let runs = 0
        const task = Task.make("t", {
          onFailure: "revert",
          *run() {
            yield* Phase.make(
              "a",
              Effect.sync(() => {
                runs++
                return value as string
              })
            )
          }
        })
        const { failure, status } = yield* failureOf(task)
        assert.strictEqual(status, "Failed")
        assert.deepInclude(failure, { _tag: "Fault", reason: "ValueNotRecordable", path: "a" })
        assert.deepInclude(failure?._tag === "Fault" ? failure.detail : {}, { at })
        assert.strictEqual(runs, 1)
      })
    )
  }

  it.scoped("is one that nests too deep, or is too large", () =>
    Effect.gen(function* () {
      for (const value of [deep(100_000), "x".repeat(10 * 1024 * 1024 + 1)]) {
        const task = Task.make("t", {
          *run() {
            yield* Phase.make(
              "a",
              Effect.sync(() => value as string)
            )
          }
        })
        const { failure } = yield* failureOf(task)
        assert.deepInclude(failure, { _tag: "Fault", reason: "ValueNotRecordable", path: "a" })
      }
    })
  )

  it.scoped("is no result of a task, and no failure", () =>
    Effect.gen(function* () {
      const result = yield* failureOf(
        Task.make("t", {
          success: Schema.Unknown as never,
          *run() {
            return Number.NaN as never
          }
        }) as never
      )
      assert.deepInclude(result.failure, { _tag: "Fault", reason: "ValueNotRecordable" })
      const failed = yield* failureOf(
        Task.make("t", {
          *run() {
            yield* Phase.fail(new Map() as never)
          }
        })
      )
      assert.deepInclude(failed.failure, { _tag: "Fault", reason: "ValueNotRecordable" })
    })
  )

  it.scoped("does not change what has hostile keys", () =>
    Effect.gen(function* () {
      const value = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "toString": 2}') as Record<
        string,
        number
      >
      const seen: Array<string> = []
      const task = Task.make("t", {
        *run() {
          const back = yield* Phase.make("a", Effect.succeed(value))
          seen.push(JSON.stringify(back))
        }
      })
      const { status } = yield* failureOf(task)
      assert.deepStrictEqual([status, ...seen], ["Completed", JSON.stringify(value)])
      assert.isUndefined(({} as { polluted?: boolean }).polluted)
    })
  )
})

describe("whatever is thrown", () => {
  const things: ReadonlyArray<unknown> = [
    undefined,
    null,
    "text",
    7,
    Symbol("s"),
    { a: 1 },
    cyclic,
    Object.create(null),
    new Error("x".repeat(100_000)),
    {
      get message() {
        throw new Error("no")
      }
    },
    new Proxy(
      {},
      {
        get: () => {
          throw new Error("no")
        }
      }
    )
  ]
  it.scoped("is kept as a small defect, whether a phase dies of it or the body throws it", () =>
    Effect.gen(function* () {
      for (const thing of things) {
        const dies = yield* failureOf(
          Task.make("t", {
            *run() {
              yield* Phase.make("a", Effect.die(thing))
            }
          })
        )
        assert.strictEqual(dies.failure?._tag, "Die")
        const throws = yield* failureOf(
          Task.make("t", {
            *run() {
              yield* Phase.checkpoint("mark")
              if (things.length > 0) throw thing
            }
          })
        )
        assert.strictEqual(throws.failure?._tag, "TaskDefect")
        assert.isBelow(JSON.stringify([dies.failure, throws.failure]).length, 16_384)
      }
    })
  )
})

describe("a stranger among the yields", () => {
  const strangers: ReadonlyArray<readonly [string, () => unknown, RegExp]> = [
    [
      "a bare value",
      function* () {
        yield 7
      },
      /number/
    ],
    [
      "nothing",
      function* () {
        yield
      },
      /undefined/
    ],
    [
      "an Effect",
      function* () {
        yield Effect.void
      },
      /an Effect/
    ],
    [
      "an Effect with a star",
      function* () {
        yield* Effect.succeed(1) as Iterable<unknown>
      },
      /an Effect/
    ],
    [
      "a promise",
      function* () {
        yield Promise.resolve()
      },
      /a promise/
    ],
    [
      "a phase without a star",
      function* () {
        yield Phase.make("a", Effect.void)
      },
      /without a star/
    ],
    [
      "a generator",
      function* () {
        yield (function* () {})()
      },
      /a generator/
    ],
    [
      "an async generator",
      async function* () {
        yield 1
      },
      /async generator/
    ],
    ["no generator at all", () => 7, /instead of a generator/]
  ]
  for (const [name, run, message] of strangers) {
    it.scoped(`is named where it stands, parks the task and reverts nothing: ${name}`, () =>
      Effect.gen(function* () {
        const { failure, status, store } = yield* failureOf(
          Task.make("t", { onFailure: "revert", run: run as () => Generator<Phase.Yielded<never, never>, void, never> })
        )
        assert.strictEqual(status, "Failed")
        assert.deepInclude(failure, { _tag: "Fault", reason: "StrangeYield" })
        assert.match(failure?._tag === "Fault" ? failure.message : "", message)
        assert.notInclude(tags(store, id), "PhaseStarted")
      })
    )
  }
})

describe("limits", () => {
  it.scoped("stop a body that never ends, and let it be reverted", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("endless", {
        *run() {
          try {
            for (;;) yield* Phase.make("a", { run: Effect.void, undo: () => log.note("undo") })
          } finally {
            yield* Phase.make("clean", log.note("clean"))
          }
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task], { maxPhases: 20 })
      assert.instanceOf(yield* Effect.flip(run(task.execute({}, { id }))), Errors.ExecutionFailed)
      assert.deepInclude((yield* service.status(id)).failures[0], { _tag: "Fault", reason: "LimitReached" })
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["clean", ...Array.from({ length: 20 }, () => "undo")])
    })
  )
})

describe("what can be read", () => {
  const task = Task.make("t", {
    success: Schema.Number,
    *run() {
      return yield* Phase.make("a", Effect.succeed(1))
    }
  })

  it.scoped("watch answers the journal from its first entry, then live, until the end", () =>
    Effect.gen(function* () {
      const store = memory()
      const { register, run, service } = yield* engine(store)
      yield* run(task.start({}, { id }))
      const watching = yield* Effect.fork(Stream.runCollect(service.watch(id)))
      yield* idle
      yield* register(task)
      const seen = Chunk.toReadonlyArray(yield* Fiber.join(watching)).map(({ entry }) => entry._tag)
      assert.deepStrictEqual(seen, tags(store, id))
      assert.strictEqual(seen.at(-1), "Completed")
      assert.instanceOf(yield* Effect.flip(Stream.runCollect(service.watch("nobody"))), Errors.ExecutionNotFound)
    })
  )

  it.scoped("list answers newest first, by task and status, in pages", () =>
    Effect.gen(function* () {
      const { run, service } = yield* engine(memory())
      for (const name of ["a", "b", "c"]) yield* run(task.execute({}, { id: name }))
      yield* run(task.start({}, { id: "d" }))
      assert.deepStrictEqual(
        (yield* service.list({ status: ["Completed"] })).map(({ id }) => id),
        ["c", "b", "a"]
      )
      assert.deepStrictEqual(
        (yield* service.list({ after: "c", limit: 1 })).map(({ id }) => id),
        ["b"]
      )
      assert.deepStrictEqual(yield* service.list({ task: "nobody's" }), [])
    })
  )

  it.scoped("status is one plain object, history the journal's entries in order", () =>
    Effect.gen(function* () {
      const store = memory()
      const { run, service } = yield* engine(store)
      yield* run(task.execute({}, { id }))
      const status = yield* service.status(id)
      assert.deepInclude(status, {
        id,
        task: "t",
        version: 1,
        status: "Completed",
        position: "a",
        result: 1,
        owner: undefined,
        epoch: 1
      })
      const history = yield* service.history(id)
      assert.deepStrictEqual(
        history.map(({ entry }) => entry),
        entries(store, id)
      )
      assert.deepStrictEqual(
        history.map(({ seq }) => seq),
        history.map((_, index) => index)
      )
      assert.instanceOf(yield* Effect.flip(service.status("nobody")), Errors.ExecutionNotFound)
      assert.instanceOf(yield* Effect.flip(service.settled("nobody")), Errors.ExecutionNotFound)
    })
  )
})

describe("what is too large", () => {
  const text = "x".repeat(200)
  const small = { maxValue: 100 }

  it.scoped("is refused before anything is recorded, where it is the payload", () =>
    Effect.gen(function* () {
      const task = Task.make("t", { payload: { text: Schema.String }, *run() {} })
      const { run, service } = yield* engine(memory(), [], small)
      const refused = yield* Effect.flip(run(task.execute({ text }, { id })))
      assert.instanceOf(refused, Errors.PayloadInvalid)
      assert.include(refused.message, "100 are allowed")
      assert.strictEqual((yield* service.list()).length, 0)
    })
  )

  const bodies = {
    "a result": () => Phase.make("a", Effect.succeed(text)),
    "a failure": () => Phase.fail(text),
    "a checkpoint's data": () => Phase.checkpoint("a", { data: text })
  }
  for (const [what, body] of Object.entries(bodies)) {
    it.scoped(`is a fault that names it: ${what}`, () =>
      Effect.gen(function* () {
        const task = Task.make("t", {
          error: Schema.String,
          *run() {
            yield* body()
          }
        })
        const { run, service } = yield* engine(memory(), [], small)
        yield* Effect.exit(run(task.execute({}, { id })))
        const { failures, status } = yield* service.status(id)
        assert.strictEqual(status, "Failed")
        assert.deepInclude(failures[0], { _tag: "Fault", reason: "ValueNotRecordable", path: failures[0]?.path ?? "" })
      })
    )
  }

  it.scoped("parks an execution whose journal has grown too large, and lets it be reverted", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        *run() {
          for (let page = 0; page < 100; page++) {
            yield* Phase.make(`p${page}`, Effect.as(log.note(`${page}`), text), {
              undo: () => log.note(`undo ${page}`)
            })
          }
        }
      })
      const { run, service } = yield* engine(memory(), [task], { maxJournal: 2_000 })
      yield* Effect.exit(run(task.execute({}, { id })))
      const { failures } = yield* service.status(id)
      assert.deepInclude(failures[0], { _tag: "Fault", reason: "LimitReached" })
      const done = log.lines.length
      assert.isBelow(done, 100)
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.strictEqual(log.lines.length, 2 * done)
    })
  )
})
