import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Phase, Task } from "../../src/index.js"
import { type Desk, desk } from "../support/desk.js"
import { engine, memory, recorded } from "../support/engines.js"

const id = "m1"
const hour = "1 hour"

const Reads = { text: Schema.String, number: Schema.NumberFromString } as const

const asks = (at: Desk, reads: keyof typeof Reads) =>
  Phase.delegate("ask", { success: Reads[reads] as Schema.Schema<string | number, string>, notify: at.notify })

const success = Schema.Union(Schema.String, Schema.Number)

const alone = (at: Desk, reads: keyof typeof Reads) =>
  Task.make("t", {
    success,
    *run() {
      return yield* asks(at, reads)
    }
  })

const timed = (at: Desk, reads: keyof typeof Reads) =>
  Task.make("t", {
    success,
    *run() {
      const body = function* () {
        return yield* asks(at, reads)
      }
      return yield* Phase.group("g", body, { success, timeout: hour })
    }
  })

describe("a completion that does not fit the code that has come since", () => {
  for (const [name, task, path] of [
    ["alone", alone, "ask"],
    ["in a group whose time is over", timed, "g/ask"]
  ] as const) {
    it.scoped(`parks the execution where it asks for it, and is recorded by code that it fits: ${name}`, () =>
      Effect.gen(function* () {
        const store = memory()
        const at = desk()
        const before = task(at, "text")
        const one = yield* engine(store, [before])
        yield* one.run(before.start({}, { id }))
        yield* recorded(store, id, "Waiting")
        yield* one.end
        const other = yield* engine(store, [])
        yield* other.service.complete(at.last, Exit.succeed("yes"))
        yield* other.end
        yield* TestClock.adjust(hour)
        const two = yield* engine(store, [task(at, "number")])
        yield* recorded(store, id, "Failed")
        const { failures } = yield* two.service.status(id)
        assert.lengthOf(failures, 1)
        assert.deepInclude(failures[0], { _tag: "Fault", reason: "ValueNotDecodable", path })
        assert.strictEqual(store.letters.size, 1)
        yield* two.end
        const three = yield* engine(store, [before])
        yield* three.service.resume(id)
        yield* recorded(store, id, "PhaseSucceeded", path)
        const { failures: left, status } = yield* three.service.settled(id)
        assert.strictEqual(status, path === "ask" ? "Completed" : "Failed")
        assert.deepStrictEqual(left, path === "ask" ? [] : [{ _tag: "Timeout", path: "g", after: 3_600_000 }])
        assert.lengthOf(at.tokens, 1)
        assert.strictEqual(store.letters.size, 0)
      })
    )
  }
})
