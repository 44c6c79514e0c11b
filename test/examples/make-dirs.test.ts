import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ancestors, makeDirs, story } from "../../examples/make-dirs.js"
import { TaskEngine } from "../../src/index.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"
import { printed } from "./support/Printed.js"

const world = Layer.provideMerge(makeDirs.layer, Layer.merge(TaskEngine.layerMemory, NodeFileSystem.layer))

describe("the example make-dirs", () => {
  it.scoped("makes what is missing, and its revert removes that and nothing else", () =>
    Effect.gen(function* () {
      const base = yield* temporaryFolder
      const lines = yield* printed(story(`${base}/b/c`))
      assert.deepStrictEqual(lines, [
        `make ${base}/b/c`,
        ...ancestors(base).map((found) => `  found ${found}`),
        `  made ${base}/b`,
        `  made ${base}/b/c`,
        "revert",
        `  remove ${base}/b/c`,
        `  remove ${base}/b`,
        "Reverted"
      ])
      assert.deepStrictEqual(fs.readdirSync(base), [])
    }).pipe(Effect.provide(world))
  )

  it.scoped("answers the platform's own error, recorded and read back, where a file is in the way", () =>
    Effect.gen(function* () {
      const base = yield* temporaryFolder
      fs.writeFileSync(`${base}/b`, "a file")
      const error = yield* Effect.flip(makeDirs.execute({ path: `${base}/b/c` }, { id: "blocked" }))
      assert.strictEqual(error._tag, "SystemError")
      assert.include(error.message, `AlreadyExists: FileSystem.makeDirectory (${base}/b)`)
      const again = yield* Effect.flip(makeDirs.execute({ path: `${base}/b/c` }, { id: "blocked" }))
      assert.strictEqual(again.message, error.message)
      assert.strictEqual((yield* TaskEngine.status("blocked")).status, "Failed")
    }).pipe(Effect.provide(world))
  )

  it.scoped("does not remove a folder that somebody put a file into, and goes on once that is gone", () =>
    Effect.gen(function* () {
      const base = yield* temporaryFolder
      yield* makeDirs.execute({ path: `${base}/b/c` }, { id: "used" })
      fs.writeFileSync(`${base}/b/letter.txt`, "somebody else's")
      const stopped = yield* Effect.flip(TaskEngine.revert("used"))
      assert.strictEqual(stopped._tag, "RevertIncomplete")
      assert.include(stopped.message, "it is not empty")
      assert.deepStrictEqual(fs.readdirSync(`${base}/b`), ["letter.txt"])
      fs.rmSync(`${base}/b/letter.txt`)
      assert.strictEqual((yield* TaskEngine.revert("used")).status, "Reverted")
      assert.deepStrictEqual(fs.readdirSync(base), [])
    }).pipe(Effect.provide(world))
  )
})
