/** Tokens that an engine remembers to have handed out. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { Handouts } from "../../src/engine/Handouts.js"
import { Phase, Task } from "../../src/index.js"
import { desk } from "../support/desk.js"
import { engine, memory, recorded } from "../support/engines.js"

const handed = (path: string) => ({ execution: "e", task: "t", path, schema: null })

describe("what was handed out", () => {
  it("is known as long as it is among the newest, and of use", () => {
    const handouts = new Handouts()
    for (let n = 0; n < 2_000; n++) handouts.add(`h${n}`, handed(`p${n}`))
    const known = Array.from({ length: 2_000 }, (_, n) => handouts.get(`h${n}`)?.path ?? "").filter(
      (path) => path !== ""
    )
    assert.lengthOf(known, 1_024)
    assert.deepStrictEqual([known[0], known.at(-1)], ["p976", "p1999"])
    handouts.delete("h1999")
    assert.isUndefined(handouts.get("h1999"))
  })

  const asks = (at: ReturnType<typeof desk>) =>
    Task.make("asks", {
      success: Schema.Array(Schema.Number),
      *run() {
        const one = yield* Phase.delegate("one", { success: Schema.Number, notify: at.notify })
        return [one, yield* Phase.delegate("two", { success: Schema.Number, notify: at.notify })]
      }
    })

  it.scoped("leads to the same answers as what the store knows", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const task = asks(at)
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id: "a" }))
      yield* recorded(store, "a", "Waiting")
      const first = at.last
      const complete = (token: string, value: number | string) =>
        Effect.merge(Effect.mapError(service.complete(token, Exit.succeed(value)), ({ _tag }) => _tag))
      assert.strictEqual(yield* complete(first, "no number"), "ValueRefused")
      yield* complete(first, 1)
      yield* complete(first, 1)
      assert.strictEqual(yield* complete(first, 2), "AlreadyCompleted")
      yield* recorded(store, "a", "PhaseWaiting", "two")
      yield* service.close("a")
      assert.strictEqual(yield* complete(at.last, 2), "TokenClosed")
      assert.strictEqual((yield* service.status("a")).status, "Closed")
    })
  )
})
