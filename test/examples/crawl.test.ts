import * as fs from "node:fs"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { crawl, story } from "../../examples/crawl.js"
import { TaskEngine } from "../../src/index.js"
import { diesAnywhere } from "../../src/testing/Crashes.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"
import { tree, write } from "./support/Folder.js"
import { printed } from "./support/Printed.js"

const world = Layer.provideMerge(crawl.layer, Layer.merge(TaskEngine.layerMemory, NodeFileSystem.layer))

const files = { "a.txt": "a", "b.txt": "b", "c.txt": "c", "d.txt": "d", "e.txt": "e" }

const folders = Effect.map(temporaryFolder, (root) => {
  const from = join(root, "from")
  const to = join(root, "to")
  write(from, files)
  fs.mkdirSync(to)
  return { from, to }
})

/** Waits for something that happens beside the test. */
const until = (happened: () => boolean) =>
  Effect.repeat(Effect.sync(happened), { until: (is) => is, schedule: Schedule.spaced("1 millis") })

describe("the example crawl", () => {
  it.scopedLive("copies page by page, until one is empty", () =>
    Effect.gen(function* () {
      const { from, to } = yield* folders
      assert.deepStrictEqual(yield* printed(story("c1", from, to, 0)), [`c1: ${from}`, "  5 files"])
      assert.deepStrictEqual(tree(to), files)
      assert.deepInclude((yield* TaskEngine.status("c1")).stage, { name: "page", n: 3 })
    }).pipe(Effect.provide(world))
  )

  it.scopedLive("goes on with what has come since, for ever, and keeps its last five pages alone", () =>
    Effect.gen(function* () {
      const { from, to } = yield* folders
      yield* crawl.start({ from, to, every: 0.002 }, { id: "c2" })
      yield* until(() => Object.keys(tree(to)).length === 5)
      write(from, { "f.txt": "f" })
      yield* until(() => "f.txt" in tree(to))
      yield* Effect.repeat(TaskEngine.status("c2"), {
        until: ({ stage }) => stage!.n > 9,
        schedule: Schedule.spaced("1 millis")
      })
      assert.deepInclude(yield* Effect.flip(TaskEngine.close("c2", { revert: true })), { reason: "discarded" })
      const entered = (yield* TaskEngine.history("c2")).filter(({ entry }) => entry._tag === "StageEntered")
      assert.lengthOf(entered, 5)
      yield* TaskEngine.close("c2")
      assert.deepStrictEqual(Object.keys(tree(to)).sort(), [...Object.keys(files), "f.txt"])
    }).pipe(Effect.provide(world))
  )

  it.scopedLive("ends the same wherever its process dies", () =>
    Effect.gen(function* () {
      const deaths = yield* diesAnywhere(
        folders,
        ({ from, to }) =>
          crawl
            .execute({ from, to, every: 0 }, { id: "c3" })
            .pipe(Effect.provide(crawl.layer), Effect.provide(NodeFileSystem.layer)),
        ({ to }, exit, where) => {
          assert.deepInclude(exit, { _tag: "Success", value: 5 }, `${where}: ${String(exit)}`)
          assert.deepStrictEqual(tree(to), files, where)
        }
      )
      assert.isAbove(deaths, 10)
    })
  )
})
