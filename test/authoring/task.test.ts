import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import * as Task from "../../src/authoring/Task.js"
import { type Service, TaskEngine } from "../../src/authoring/TaskEngine.js"
import { InvalidName } from "../../src/core/Errors.js"
import type { Yielded } from "../../src/core/Instruction.js"

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
      idempotencyKey: undefined
    })
    assert.deepInclude(Task.make("t", { version: 3, onFailure: "revert", *run() {}, *revert() {} }).definition, {
      version: 3,
      onFailure: "revert",
      customRevert: true
    })
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
