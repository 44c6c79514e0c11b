import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Exported from "../../src/cli/Exported.js"
import * as Imported from "../../src/cli/Imported.js"
import { Screen } from "../../src/cli/Screen.js"
import * as Fold from "../../src/core/Fold.js"
import { Phase, Task, TaskEngine } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { current } from "../../src/store/migrations.js"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"
import { engine } from "../support/engines.js"
import { device, printed } from "./support/device.js"
import { left } from "./support/scene.js"

describe("import", () => {
  it.scoped("takes an execution as it stands, and refuses what is not what was exported", () =>
    Effect.gen(function* () {
      const encoded = yield* MemoryStore.make(yield* left)
      const folder = yield* temporaryFolder
      const db = path.join(folder, "other.db")
      const exported = (id: string) => printed(Exported.run(encoded, current, { id, out: undefined }))
      const run = (text: string) =>
        Effect.gen(function* () {
          const file = path.join(folder, "execution.json")
          fs.writeFileSync(file, text)
          const { kept, made } = device()
          const importing = Effect.provideService(Imported.run({ db, file, json: true }), Screen, made)
          const ended = yield* Effect.either(importing)
          return ended._tag === "Left" ? ended.left : kept.out
        })
      const whole = yield* exported("order-2")
      const parsed = JSON.parse(whole)
      const bad: ReadonlyArray<readonly [string, RegExp]> = [
        ["{", /is no JSON/],
        [JSON.stringify({ ...parsed, version: 2 }), /of a newer tidemark/],
        [JSON.stringify({ ...parsed, schema: current + 1 }), /of a newer tidemark/],
        [JSON.stringify({ ...parsed, journal: 5 }), /no exported execution at \$\.journal/],
        [whole.replace("stolen", "stolem"), /is not what was exported: .*entry/],
        [JSON.stringify({ ...parsed, journal: parsed.journal.slice(1) }), /is not what was exported/],
        [JSON.stringify({ ...parsed, execution: { ...parsed.execution, id: "mine" } }), /is not what was exported/],
        [JSON.stringify({ ...parsed, execution: { ...parsed.execution, status: "Paused" } }), /while it went on/],
        [yield* exported("batch-1"), /batch-1 is Waiting/]
      ]
      for (const [text, wrong] of bad) {
        const refused = yield* run(text)
        if (typeof refused === "string") assert.fail(refused)
        assert.strictEqual(refused.code, 3, refused.what)
        assert.match(refused.what ?? "", wrong)
        assert.isString(refused.next)
      }
      assert.isFalse(fs.existsSync(db))
      for (const id of ["order-2", "order-1", "broken-1"]) {
        const done = yield* run(yield* exported(id))
        assert.strictEqual(typeof done, "string", JSON.stringify(done))
      }
      const again = yield* run(whole)
      assert.match(typeof again === "string" ? again : (again.what ?? ""), /there is an execution order-2 already/)
      const other = yield* SqliteStore.makeReadonly({ filename: db })
      for (const id of ["order-2", "order-1", "broken-1"]) {
        assert.deepStrictEqual(yield* other.read(id, 0), yield* encoded.read(id, 0))
        const found = yield* fromEncoded(other).load(id)
        assert.deepStrictEqual([found?.row.status, found?.row.owner], [(yield* encoded.get(id))?.status, null])
      }
    })
  )

  it.scoped("takes one of several epochs of which a part is discarded, before a checkpoint and before a stage", () =>
    Effect.gen(function* () {
      const memory = MemoryStore.memory()
      const Page = Task.stage("page", { state: { n: Schema.Number } })
      const work = (name: string) => Phase.make(name, Effect.void)
      const options = { error: Schema.String, keep: { last: 1 } } as const
      const marks = Task.make("marks", {
        ...options,
        *run() {
          for (const name of ["a", "b", "c"]) {
            yield* work(name)
            yield* Phase.checkpoint(`after ${name}`)
          }
          yield* Phase.make("d", Effect.fail("no"))
        }
      })
      const pages = Task.make("pages", {
        ...options,
        stages: [
          Page.body(function* ({ n }) {
            yield* n < 3 ? work("turn") : Phase.make("d", Effect.fail("no"))
            return yield* Page.enter({ n: n + 1 })
          })
        ],
        *run() {
          yield* work("open")
          return yield* Page.enter({ n: 1 })
        }
      })
      const first = yield* engine(memory, [marks, pages])
      yield* Effect.flip(first.run(marks.execute({}, { id: "marks" })))
      yield* Effect.flip(first.run(pages.execute({}, { id: "pages" })))
      yield* first.end
      const second = yield* engine(memory, [marks, pages])
      yield* second.run(TaskEngine.resume("marks"))
      yield* second.end
      const encoded = yield* MemoryStore.make(memory)
      const folder = yield* temporaryFolder
      const db = path.join(folder, "other.db")
      for (const id of ["marks", "pages"]) {
        const file = path.join(folder, `${id}.json`)
        fs.writeFileSync(file, yield* printed(Exported.run(encoded, current, { id, out: undefined })))
        yield* Effect.provideService(Imported.run({ db, file, json: true }), Screen, device().made)
        const store = fromEncoded(yield* SqliteStore.makeReadonly({ filename: db }))
        const [there, here] = [yield* store.load(id), yield* fromEncoded(encoded).load(id)]
        assert.deepStrictEqual(there?.entries, here?.entries)
        assert.isDefined(Fold.all(there!.entries).discarded)
        assert.deepStrictEqual((yield* store.latest(id))?.entries, (yield* fromEncoded(encoded).latest(id))?.entries)
      }
    })
  )
})
