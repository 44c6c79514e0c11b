import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { InvalidName } from "../../src/core/Errors.js"
import { Phase, Task } from "../../src/index.js"

const Page = Task.stage("page", { state: { n: Schema.Number } })
const When = Task.stage("when", { state: Schema.Date })

describe("a stage", () => {
  it("has a name, and bodies by it in a task", () => {
    const { stages } = Task.make("t", {
      stages: [Page.body(function* () {}), When.body(function* () {})],
      *run() {}
    }).definition
    assert.strictEqual(Page.name, "page")
    assert.deepStrictEqual([...stages.keys()], ["page", "when"])
    assert.lengthOf(Task.make("t", { *run() {} }).definition.stages, 0)
  })

  it("keeps its state as its schema says", () => {
    const { stages } = Task.make("t", { stages: [When.body(function* () {})], *run() {} }).definition
    const { state } = stages.get("when")!
    assert.deepStrictEqual(state.encode(new Date(0)), Either.right("1970-01-01T00:00:00.000Z"))
    assert.deepStrictEqual(state.decode("1970-01-01T00:00:00.000Z"), Either.right(new Date(0)))
  })

  it("makes a fresh body each time", () => {
    const generator = (function* () {})()
    const { stages } = Task.make("t", {
      stages: [Page.body(() => generator as Generator<never, void, never>)],
      *run() {}
    }).definition
    const { run } = stages.get("page")!
    run({ n: 1 })
    assert.throws(() => run({ n: 1 }), TypeError, "the body of stage page answers the same generator twice")
  })

  it("is refused where it is no stage", () => {
    assert.throws(() => Task.stage("", { state: {} }), InvalidName)
    assert.throws(() => Task.stage("x", { state: 1 as never }), TypeError, "must be fields or a Schema, not 1")
    assert.throws(() => Page.body(1 as never), TypeError, "the body of stage page must be a generator function, not 1")
    const stages =
      (...given: ReadonlyArray<unknown>) =>
      () =>
        Task.make("t", { stages: given as never, *run() {} })
    assert.throws(stages(Page), TypeError, "stages[0] of task t must be what stage.body makes")
    const body = Page.body(function* () {})
    assert.throws(stages(body, body), TypeError, "task t has two stages called page: rename one")
  })

  it("is no phase of a group or a branch", () => {
    const enter = Page.enter({ n: 1 }) as never
    const refused = "the entering of stage page: only the body of a task enters it"
    assert.throws(() => Phase.all([enter]), TypeError, refused)
    assert.throws(() => Phase.either(enter), TypeError, refused)
    assert.throws(() => Phase.graph("g", { a: { run: enter } }), TypeError)
  })
})
