import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Keep } from "../../src/authoring/Keep.js"
import { Phase, Task } from "../../src/index.js"
import { engine, entries, logbook, memory, tags } from "../support/engines.js"
import { type Log, undoable } from "../support/phases.js"

const id = "d1"
const Page = Task.stage("page", { state: Schema.Number })

/** Pages with a checkpoint between two phases. */
const pages = (log: Log, last: number, keep: Keep) =>
  Task.make("t", {
    success: Schema.String,
    keep,
    stages: [
      Page.body(function* (n) {
        const a = yield* undoable(log, `${n}a`)
        yield* Phase.checkpoint("mark")
        const b = yield* undoable(log, `${n}b`)
        if (n < last) return yield* Page.enter(n + 1)
        yield* Phase.checkpoint("end", { pause: true })
        return a + b
      })
    ],
    *run() {
      yield* undoable(log, "a")
      return yield* Page.enter(1)
    }
  })

describe("going back to a stage that was left, and discarding", () => {
  for (const last of [1, 2, 3, 4, 5, 6, 7, 20]) {
    it.scoped(`ends as it does without, with the last ${last} kept`, () =>
      Effect.gen(function* () {
        const log = logbook()
        const store = memory()
        const task = pages(log, 5, { last })
        const first = yield* engine(store, [task])
        yield* first.run(Effect.flip(task.execute({}, { id })))
        for (let turn = 0; turn < 2; turn++) {
          const { checkpoints } = yield* first.service.status(id)
          assert.isAtLeast(checkpoints.length, 1)
          for (const to of ["page#3", "mark"]) {
            const exit = yield* Effect.either(first.service.goTo(id, to))
            assert.isTrue(exit._tag === "Right" || exit.left._tag === "CheckpointRefused", String(exit))
          }
          const { position } = yield* first.service.status(id)
          if (position !== "@page#5/end") yield* first.service.resume(id)
          assert.strictEqual((yield* first.service.settled(id)).position, "@page#5/end")
        }
        yield* first.kill
        const second = yield* engine(store, [task])
        const journal = yield* second.service.history(id)
        assert.lengthOf(journal, entries(store, id).length)
        assert.strictEqual((yield* second.service.status(id)).status, "Paused")
        yield* second.service.resume(id)
        assert.strictEqual((yield* second.service.settled(id)).result, "5a5b")
        assert.deepStrictEqual(
          log.lines.filter((line) => line === "a" || line === "undo a"),
          ["a"]
        )
      })
    )
  }

  it.scoped("keeps the values of a body that was entered again, as they were discarded before it was left", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = Task.make("t", {
        success: Schema.String,
        keep: { last: 3 },
        stages: [
          Page.body(function* (n) {
            let all = ""
            for (const name of ["a", "b", "c", "d"]) {
              all += yield* undoable(log, `${n}${name}`)
              yield* Phase.checkpoint(name)
            }
            if (n === 1) return yield* Page.enter(2)
            return all
          })
        ],
        *run() {
          yield* undoable(log, "first")
          return yield* Page.enter(1)
        }
      })
      const first = yield* engine(store, [task])
      yield* first.run(Effect.flip(task.execute({}, { id, stopAt: "page#2" })))
      assert.strictEqual((yield* first.service.status(id)).discarded?.before, "@page#1/a")
      yield* first.service.goTo(id, "@page#1/c")
      yield* first.service.resume(id, { stopAt: "page#2" })
      assert.strictEqual((yield* first.service.settled(id)).position, "@page#2")
      assert.include(tags(store, id), "Snapshot")
      yield* first.kill
      const second = yield* engine(store, [task])
      yield* second.service.goTo(id, "@page#1/d")
      yield* second.service.resume(id)
      assert.strictEqual((yield* second.service.settled(id)).result, "2a2b2c2d")
    })
  )
})
