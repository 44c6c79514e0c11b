import * as fs from "node:fs"
import { join } from "node:path"
import { FileSystem } from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { importAll, importBatch, layer, story } from "../../examples/import.js"
import { type Entry, TaskEngine } from "../../src/index.js"
import { diesAnywhere } from "../../src/testing/Crashes.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"
import { engine, entries, memory } from "../support/engines.js"
import { tree, write } from "./support/Folder.js"
import { printed } from "./support/Printed.js"

const world = Layer.provideMerge(layer, Layer.merge(TaskEngine.layerMemory, NodeFileSystem.layer))

const latin1 = (text: string) => Buffer.from(text, "latin1")

/** Two batches; one file is in another encoding. */
const inbox = Effect.map(temporaryFolder, (root) => {
  const from = join(root, "inbox")
  const to = join(root, "imported")
  write(from, {
    "april/one.csv": "name;town\nZoë;Köln\nJo;Ulm\n",
    "may/two.csv": "name;town\nIda;Rom\n",
    "may/old.csv": latin1("name;town\nZoë;Köln\n")
  })
  fs.mkdirSync(to)
  return { from, to }
})

const json = (...rows: ReadonlyArray<ReadonlyArray<string>>) =>
  `${JSON.stringify([["name", "town"], ...rows], null, 2)}\n`

const imported = {
  "april/": "",
  "april/one.json": json(["Zoë", "Köln"], ["Jo", "Ulm"]),
  "may/": "",
  "may/old.json": json(["Zoë", "Köln"]),
  "may/two.json": json(["Ida", "Rom"])
}

/** Notes every file that is written, and lets `at` decide what happens before that. */
const noting = (written: Array<string>, at: (path: string) => Effect.Effect<void> = () => Effect.void) =>
  Layer.effect(
    FileSystem,
    Effect.map(FileSystem, (files) => ({
      ...files,
      writeFileString: (path: string, text: string) =>
        Effect.zipRight(
          at(path),
          Effect.suspend(() => {
            written.push(path)
            return files.writeFileString(path, text)
          })
        )
    }))
  ).pipe(Layer.provide(NodeFileSystem.layer))

/** Waits for something that happens beside the test. */
const until = (happened: () => boolean) =>
  Effect.repeat(Effect.sync(happened), { until: (is) => is, schedule: Schedule.spaced("1 millis") })

const done = (path: string) => (entry: Entry) => entry._tag === "PhaseSucceeded" && entry.path === path

describe("the example import", () => {
  it.scopedLive("imports every batch as a child, in the encoding that fits, and takes all of it back", () =>
    Effect.gen(function* () {
      const { from, to } = yield* inbox
      assert.deepStrictEqual(yield* printed(story("i1", from, to)), [`i1: import ${from}`, "  Completed: 4 rows"])
      assert.deepStrictEqual(tree(to), imported)
      assert.deepStrictEqual(
        (yield* TaskEngine.list({ task: "import-batch", order: "oldest" })).map(({ id, status }) => [id, status]),
        [
          ["i1/batches/april", "Completed"],
          ["i1/batches/may", "Completed"]
        ]
      )
      assert.strictEqual((yield* TaskEngine.revert("i1")).status, "Reverted")
      assert.deepStrictEqual(tree(to), {})
    }).pipe(Effect.provide(world))
  )

  it.scopedLive("reports the files that cannot be read, and then imports these alone", () =>
    Effect.gen(function* () {
      const { from, to } = yield* inbox
      const written: Array<string> = []
      write(from, { "may/two.csv": "name;town\nIda\n", "april/bad.csv": "name\nJo;Ulm\n" })
      yield* Effect.gen(function* () {
        assert.deepStrictEqual(yield* printed(story("i2", from, to)), [
          `i2: import ${from}`,
          '  failed at batches/april: {"file":"bad.csv","line":2,"_tag":"Malformed"}',
          '  failed at batches/may: {"file":"two.csv","line":2,"_tag":"Malformed"}',
          "  Failed"
        ])
        assert.deepStrictEqual(Object.keys(tree(to)), ["april/", "april/one.json", "may/", "may/old.json"])

        written.length = 0
        write(from, { "may/two.csv": "name;town\nIda;Rom\n", "april/bad.csv": "name\nJo\n" })
        assert.deepStrictEqual((yield* printed(story("i2", from, to))).slice(1), ["  Completed: 5 rows"])
        assert.deepStrictEqual(written.sort(), [join(to, "april/bad.json"), join(to, "may/two.json")])
      }).pipe(Effect.provide(Layer.provideMerge(layer, Layer.merge(TaskEngine.layerMemory, noting(written)))))
    })
  )

  it.scopedLive("imports only what is missing when its process is killed in the middle", () =>
    Effect.gen(function* () {
      const { from, to } = yield* inbox
      const kept = memory()
      const reached = yield* Deferred.make<void>()
      const stuck = (path: string) =>
        path.endsWith("two.json") ? Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never) : Effect.void
      const first = yield* engine(kept)
      const execution = importAll.execute({ from, to }, { id: "i1" })
      yield* Effect.forkDaemon(first.run(Effect.provide(execution, noting([], stuck))))
      yield* Deferred.await(reached)
      yield* until(() => entries(kept, "i1/batches/april").some(({ _tag }) => _tag === "Completed"))
      yield* until(() => entries(kept, "i1/batches/may").some(done("files/old.csv")))
      yield* first.kill

      const written: Array<string> = []
      const second = yield* engine(kept)
      assert.strictEqual(yield* second.run(Effect.provide(execution, noting(written))), 4)
      assert.deepStrictEqual(written, [join(to, "may/two.json")])
      assert.deepStrictEqual(tree(to), imported)
    })
  )

  it.scopedLive("ends the same wherever its process dies", () =>
    Effect.gen(function* () {
      const deaths = yield* diesAnywhere(
        inbox,
        (payload) =>
          importAll.execute(payload, { id: "i1" }).pipe(Effect.provide(layer), Effect.provide(NodeFileSystem.layer)),
        ({ to }, exit, where, kept) => {
          assert.deepInclude(exit, { _tag: "Success", value: 4 }, `${where}: ${String(exit)}`)
          assert.deepStrictEqual(tree(to), imported, where)
          assert.strictEqual(kept.executions.size, 3, where)
        }
      )
      assert.isAbove(deaths, 30)
    })
  )

  it.scopedLive("runs one batch by itself", () =>
    Effect.gen(function* () {
      const { from, to } = yield* inbox
      assert.strictEqual(yield* importBatch.execute({ from: join(from, "may"), to: join(to, "may") }), 2)
    }).pipe(Effect.provide(world))
  )
})
