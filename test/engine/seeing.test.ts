/** What a phase sees of its execution, and what operators did to it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Context } from "../../src/core/Context.js"
import { actIn } from "../../src/core/Entry.js"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, logbook, memory } from "../support/engines.js"

const failing = () =>
  Task.make("failing", {
    payload: { sku: Schema.String },
    error: Schema.String,
    *run({ sku }) {
      const held = yield* Phase.make("hold", { success: Schema.String, run: Effect.succeed(`hold ${sku}`) })
      yield* Phase.either(Phase.make("gift", Effect.asVoid(Effect.fail("none left"))))
      yield* Phase.checkpoint("held", { data: { held } })
      yield* Phase.group("pack", function* () {
        return yield* Phase.make("box", { success: Schema.Number, run: Effect.succeed(2) })
      })
      yield* Phase.forEach(
        "ship",
        ["a", "b"],
        (to) => Phase.make(to, { success: Schema.Number, run: Effect.fail("no") }),
        {
          mode: "settle",
          key: (to) => to
        }
      )
    }
  })

describe("the context of a phase", () => {
  it.scoped("is what it sees: payload, results before it, checkpoints' data, its attempts and failures", () =>
    Effect.gen(function* () {
      const store = memory()
      const { run, service } = yield* engine(store, [failing()])
      yield* Effect.flip(run(failing().execute({ sku: "tea" }, { id: "x" })))
      const seen = yield* service.contextOf("x")
      yield* Schema.decodeUnknown(Context)(JSON.parse(JSON.stringify(seen)))
      assert.deepInclude(seen.phase, { path: "ship/a", attempt: 1, inDoubt: false })
      assert.deepInclude(seen.phase?.answers as object, { type: "number" })
      assert.deepStrictEqual(seen.phase?.failures, [{ _tag: "Fail", path: "ship/a", error: "no" }])
      assert.deepStrictEqual(seen.payload, { sku: "tea" })
      assert.deepStrictEqual(
        seen.results.map(({ path, value, failures }) => [path, value ?? failures?.[0]?._tag]),
        [
          ["hold", "hold tea"],
          ["gift", "Fail"],
          ["pack/box", 2],
          ["pack", 2]
        ]
      )
      assert.deepStrictEqual(seen.checkpoints, [{ path: "held", name: "held", data: { held: "hold tea" } }])
      const early = yield* service.contextOf("x", "gift")
      assert.deepStrictEqual([early.results.map(({ path }) => path), early.checkpoints], [["hold"], []])
      const refused = yield* Effect.flip(service.contextOf("x", "pack/bax"))
      assert.instanceOf(refused, Errors.PhaseNotOpen)
      assert.include(
        refused.message,
        "cannot be shown: it has not started; the execution is at ship/b; did you mean pack/box?"
      )
    })
  )

  it.scoped("tells what was amended, without the code too", () =>
    Effect.gen(function* () {
      const store = memory()
      const first = yield* engine(store, [failing()])
      yield* Effect.flip(first.run(failing().execute({ sku: "tea" }, { id: "x" })))
      yield* first.service.resume("x", { payload: { sku: "salt" } })
      yield* first.service.settled("x")
      yield* first.service.rerun("x", { items: [{ item: "a", input: "c" }] }).pipe(Effect.ignore)
      yield* first.end
      const { service } = yield* engine(store, [])
      const seen = yield* service.contextOf("x", "ship/b")
      assert.deepStrictEqual([seen.payload, seen.created], [{ sku: "salt" }, { sku: "tea" }])
      assert.isUndefined(seen.phase?.answers)
      yield* Effect.flip(service.contextOf("y"))
    })
  )
})

describe("acts", () => {
  it.scoped("are the entries that say who asked for what, why, and for which plan", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.make("a", { run: log.note("a"), undo: () => log.note("undo a") })
          yield* Phase.checkpoint("mark", { pause: true })
          yield* Phase.make("b", Effect.asVoid(Effect.fail("no")))
        }
      })
      const { run, service } = yield* engine(store, [task])
      yield* Effect.flip(run(task.execute({}, { id: "x" })))
      yield* service.resume("x", { by: "ann", reason: "on" })
      yield* service.settled("x")
      const { hash } = yield* service.plan("x", { _tag: "skip", phase: "b" })
      yield* service.skip("x", "b", undefined, { by: "bob", plan: hash })
      yield* service.settled("x")
      yield* service.revert("x", { by: "ann", reason: "wrong" })
      const acts = yield* service.history("x", { acts: true })
      assert.deepStrictEqual(
        acts.map(({ entry }) => [entry._tag, actIn(entry)]),
        [
          ["Resumed", { by: "ann", reason: "on" }],
          ["Resumed", { by: "bob", plan: hash }],
          ["PhaseSucceeded", { by: "bob", plan: hash }],
          ["RevertStarted", { by: "ann", reason: "wrong" }]
        ]
      )
      const id = yield* run(task.start({}, { id: "y", at: 1e15 }))
      yield* service.close(id, { by: "ann", reason: "never mind" })
      const [closed] = yield* service.history(id, { acts: true })
      assert.deepStrictEqual(closed?.entry, { _tag: "Closed", act: { by: "ann", reason: "never mind" } })
    })
  )
})
