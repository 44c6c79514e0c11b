import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import * as Task from "../../src/authoring/Task.js"
import { type Service, TaskEngine } from "../../src/authoring/TaskEngine.js"
import { InvalidName } from "../../src/core/Errors.js"
import type { Yielded } from "../../src/core/Instruction.js"
import { instructionOf } from "./support/Described.js"

describe("a task", () => {
  it("is refused with a name that cannot be kept", () => {
    assert.throws(() => Task.make("", { *run() {} }), InvalidName, "the task name")
  })

  it("has a definition with the defaults", () => {
    const { definition, name, version } = Task.make("t", { *run() {} })
    assert.deepStrictEqual([name, version], ["t", 1])
    assert.deepInclude(definition, {
      name: "t",
      version: 1,
      onFailure: "halt",
      customRevert: false,
      revertConcurrency: 1,
      idempotencyKey: undefined
    })
    const options = { version: 3, onFailure: "revert", revertConcurrency: 4 } as const
    assert.deepInclude(Task.make("t", { ...options, *run() {}, *revert() {} }).definition, {
      ...options,
      customRevert: true
    })
  })

  it("is refused with a revertConcurrency that cannot be", () => {
    for (const revertConcurrency of [0, -1, 1.5, Number.NaN, "2"] as unknown as ReadonlyArray<number>) {
      assert.throws(
        () => Task.make("t", { revertConcurrency, *run() {} }),
        TypeError,
        `revertConcurrency of task t must be a positive integer, not ${revertConcurrency}`
      )
    }
  })

  it("is a phase of another task, with its own schemas", () => {
    const task = Task.make("t", {
      payload: { when: Schema.Date },
      success: Schema.Number,
      error: Schema.String,
      *run() {
        yield* Phase.make("a", Effect.fail("no"))
        return 1
      }
    })
    const payload = { when: new Date(0) }
    const { definition } = task
    const child = {
      _tag: "Child",
      name: "t",
      capture: "none",
      definition,
      payload,
      id: undefined,
      value: definition.success,
      error: definition.error
    } as const
    assert.deepStrictEqual(instructionOf(task.phase(payload)), child)
    assert.deepStrictEqual(instructionOf(task.phase(payload, { name: "first", id: "t-1" })), {
      ...child,
      name: "first",
      id: "t-1"
    })
    assert.strictEqual(task.phase(payload).name, "t")
    assert.throws(() => task.phase(payload, { name: "" }), InvalidName, "the phase name")
    assert.throws(() => task.phase(payload, { id: "" }), InvalidName, "the execution id")
  })

  it("undoes what completed in the order in which it is given", () => {
    const { definition } = Task.make("t", { *run() {} })
    const completed = ["b", "a"].map((name) => ({ name, path: name, value: null, undo: Phase.undo(name, name) }))
    const yielded = [...(definition.revert(completed, { payload: {}, failures: [] }) as Iterable<Yielded>)]
    assert.deepStrictEqual(
      yielded.map(({ instruction }) => instruction),
      [
        { _tag: "Undo", name: "b", undoes: "b" },
        { _tag: "Undo", name: "a", undoes: "a" }
      ]
    )
  })

  it("needs a fresh generator each time", () => {
    const generator = (function* () {})()
    const { definition } = Task.make("t", { run: () => generator })
    assert.strictEqual(definition.run({}), generator)
    assert.throws(() => definition.run({}), TypeError, "answers the same generator twice")
    const odd = Task.make("t", { run: (() => 7) as never })
    assert.deepStrictEqual([odd.definition.run({}), odd.definition.run({})], [7, 7])
  })

  it.effect("asks the engine at hand to execute, start and register it", () =>
    Effect.gen(function* () {
      const asked: Array<ReadonlyArray<unknown>> = []
      const engine = {
        execute: (definition, payload, options) =>
          Effect.sync(() => asked.push(["execute", definition, payload, options])),
        start: (definition, payload, options) =>
          Effect.sync(() => {
            asked.push(["start", definition, payload, options])
            return "id"
          }),
        register: (definition) => Effect.sync(() => void asked.push(["register", definition]))
      } satisfies Partial<Service>
      const task = Task.make("t", { payload: { n: Schema.Number }, *run() {} })
      const { definition } = task
      yield* Effect.gen(function* () {
        yield* task.execute({ n: 1 }, { id: "a", resume: true })
        yield* task.execute({ n: 2 })
        assert.strictEqual(yield* task.start({ n: 3 }, { id: "b" }), "id")
        yield* task.start({ n: 4 })
      }).pipe(Effect.provide(task.layer), Effect.provide(Layer.succeed(TaskEngine, engine as unknown as Service)))
      assert.deepStrictEqual(asked, [
        ["register", definition],
        ["execute", definition, { n: 1 }, { id: "a", resume: true }],
        ["execute", definition, { n: 2 }, {}],
        ["start", definition, { n: 3 }, { id: "b" }],
        ["start", definition, { n: 4 }, {}]
      ])
    })
  )
})
