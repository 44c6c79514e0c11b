import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ListOptions } from "../../src/authoring/Reading.js"
import { Phase, Task } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { engine, idle, recorded } from "../support/engines.js"

const fails = Task.make("fails", {
  payload: { why: Schema.String },
  *run({ why }) {
    yield* Phase.make("try", Effect.die(new Error(why)))
  }
})

const waits = Task.make("waits", {
  payload: {},
  tags: () => ["patient"],
  *run() {
    yield* Phase.all([Phase.sleep("nap", "1 day"), Phase.signal("go", Schema.String)])
  }
})

describe("list", () => {
  it.scoped("finds what failed with a text, and what waits for a phase or for what is of a kind, page by page", () =>
    Effect.gen(function* () {
      const memory = MemoryStore.memory()
      const live = yield* engine(memory, [fails, waits])
      for (const [id, why] of [
        ["f-1", "No space left"],
        ["f-2", "no route"],
        ["f-3", "no space left"]
      ] as const) {
        yield* Effect.exit(live.run(fails.execute({ why }, { id })))
      }
      yield* live.run(waits.start({}, { id: "w-1", tags: ["night", "patient"] }))
      yield* recorded(memory, "w-1", "Waiting")
      yield* idle
      const found = (query: ListOptions) =>
        Effect.map(live.service.list({ order: "oldest", ...query }), (rows) => rows.map(({ id }) => id))
      const cases: ReadonlyArray<readonly [ListOptions, ReadonlyArray<string>]> = [
        [{ failedWith: "NO SPACE" }, ["f-1", "f-3"]],
        [{ failedWith: "no", limit: 2 }, ["f-1", "f-2"]],
        [{ failedWith: "no", limit: 2, after: "f-2" }, ["f-3"]],
        [{ failedWith: "no", status: ["Completed"] }, []],
        [{ waitingOn: "go" }, ["w-1"]],
        [{ waitingOn: "timer" }, ["w-1"]],
        [{ waitingOn: "delegate" }, []],
        [{ tags: ["patient", "night"] }, ["w-1"]],
        [{ tags: ["patient", "day"] }, []],
        [{ waitingOn: "go", failedWith: "no" }, []],
        [{ text: "F-", since: 0, until: new Date(1e15) }, ["f-1", "f-2", "f-3"]]
      ]
      for (const [query, ids] of cases) assert.deepStrictEqual(yield* found(query), ids, JSON.stringify(query))
      const wrong = live.run(waits.start({}, { id: "w-2", tags: ["a\nb"] }))
      assert.strictEqual((yield* Effect.flip(wrong))._tag, "InvalidName")
      const entered = live.run(waits.start({}, { id: "w-3", tags: Array.from({ length: 33 }, (_, n) => `${n}`) }))
      assert.strictEqual((yield* Effect.flip(entered))._tag, "InvalidName")
    })
  )
})
