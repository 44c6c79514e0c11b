import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { checkpoints, finish, install, to } from "../../examples/install.js"
import { TaskEngine } from "../../src/index.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"
import { printed } from "./support/Printed.js"

const world = Layer.provideMerge(install.layer, Layer.merge(TaskEngine.layerMemory, NodeFileSystem.layer))

const stand: Readonly<Record<string, string>> = {
  bootstrap: "Paused at bootstrap: disk",
  configured: "Paused at configured: config disk",
  installed: "Paused at installed: config disk package-a package-b",
  tested: "Paused at tested: config disk package-a package-b"
}

describe("the example install", () => {
  it.scoped("goes back and forth between its checkpoints, by name, and to its end", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const course = [
        ...["configured", "bootstrap", "tested", "configured", "installed", "tested", "bootstrap", "installed"],
        ...checkpoints
      ]
      for (const name of course) assert.deepStrictEqual(yield* printed(to(folder, name)), [stand[name]!], name)
      assert.deepStrictEqual(yield* printed(finish(folder)), [
        "Completed at done: config disk done package-a package-b"
      ])
    }).pipe(Effect.provide(world))
  )

  it.scoped("is refused a name that it does not have, before it does anything", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const refused = yield* Effect.flip(to(folder, "teste"))
      assert.include(refused.message, "task install declares bootstrap, configured, installed, tested")
      assert.deepStrictEqual(fs.readdirSync(folder), [])
    }).pipe(Effect.provide(world))
  )

  it.scoped("goes back to `configured` when its test fails, tries once more, and waits there for somebody", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      fs.writeFileSync(`${folder}/broken`, "")
      assert.deepStrictEqual(yield* printed(finish(folder)), ["Paused at configured: broken config disk"])
      fs.rmSync(`${folder}/broken`)
      const tests = (yield* TaskEngine.history(`install ${folder}`)).filter(({ entry }) => entry._tag === "PhaseFailed")
      assert.strictEqual(tests.length, 2)
      assert.deepStrictEqual(yield* printed(finish(folder)), [
        "Completed at done: config disk done package-a package-b"
      ])
    }).pipe(Effect.provide(world))
  )
})
