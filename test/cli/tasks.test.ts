import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { inject } from "vitest"
import type { Definition } from "../../src/authoring/Definition.js"
import * as Tasks from "../../src/cli/Tasks.js"
import { Fibers } from "../../src/engine/Fibers.js"
import { Registry } from "../../src/engine/Registry.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"

const front = JSON.stringify(path.join(inject("compiled"), "src/index.js"))
const effect = JSON.stringify(path.join(import.meta.dirname, "../../node_modules/effect/dist/esm/Layer.js"))

const head = `import { Phase, Task } from ${front}\nimport * as Layer from ${effect}\n`
const task = (name: string, version = 1) =>
  `Task.make("${name}", { version: ${version}, *run() { yield* Phase.checkpoint("begun") } })`

const load = (file: string, text: string, packages: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    for (const [name, content] of Object.entries(packages)) {
      const place = path.join(folder, "node_modules", name)
      fs.mkdirSync(path.dirname(place), { recursive: true })
      fs.writeFileSync(place, content)
    }
    const module = path.join(folder, file)
    fs.writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }')
    fs.writeFileSync(module, text)
    const registered: Array<string> = []
    const registry = new Registry()
    const register = (definition: Definition) =>
      Effect.sync(() => {
        registered.push(definition.name)
        registry.add(definition, Effect.runSync(Fibers.here))
      })
    return { found: yield* Effect.either(Tasks.provide(module, { register })), registered }
  })

describe("--tasks", () => {
  it.scoped("registers what the layer of a module holds", () =>
    Effect.gen(function* () {
      const text = `${head}export default Layer.mergeAll(${task("a")}.layer, ${task("b")}.layer)`
      const { found, registered } = yield* load("tasks.js", text)
      assert.sameMembers(Either.isRight(found) ? [...found.right.keys()] : [found.left.what], ["a", "b"])
      assert.sameMembers(registered, ["a", "b"])
    })
  )

  it.scoped("takes several versions of a task, and knows each by the highest", () =>
    Effect.gen(function* () {
      const text = `${head}export default Layer.mergeAll(${task("a", 2)}.layer, ${task("a", 3)}.layer, ${task("a")}.layer)`
      const { found, registered } = yield* load("tasks.js", text)
      if (Either.isLeft(found)) return assert.fail(found.left.what)
      assert.strictEqual(found.right.get("a")?.version, 3)
      assert.deepStrictEqual([found.right.size, registered], [1, ["a", "a", "a"]])
    })
  )

  it.scoped("says in a line why a module is of no use", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [string, string, RegExp]> = [
        ["broken.js", "export default (", /broken\.js does not load: ./],
        ["thrower.js", "throw new Error('no\\ngood')", /does not load: Error: no$/],
        ["missing.js", 'import "nowhere-at-all"', /does not load: Error.*nowhere-at-all/],
        ["empty.js", "", /has no default export/],
        ["task.js", `${head}export default ${task("a")}`, /what is no Layer/],
        ["nothing.js", `${head}export default Layer.empty`, /registers no task/],
        [
          "twice.js",
          `${head}export default Layer.mergeAll(${task("a")}.layer, ${task("a")}.layer)`,
          /two tasks a of version 1$/
        ],
        ["fails.js", `${head}export default Layer.fail(new Error("no database"))`, /fails: Error: no database/]
      ]
      for (const [file, text, wrong] of cases) {
        const { found } = yield* load(file, text)
        if (found._tag === "Right") assert.fail(file)
        assert.strictEqual(found.left.code, 2)
        assert.match(found.left.what ?? "", wrong)
        assert.isString(found.left.next)
      }
      const nowhere = yield* Effect.flip(Tasks.provide("/no/such.js", { register: () => Effect.void }))
      assert.match(nowhere.what ?? "", /there is no file/)
    })
  )

  it.scoped("takes TypeScript with tsx where Node does not take it by itself", () =>
    Effect.gen(function* () {
      const { typescript } = process.features as { readonly typescript?: unknown }
      const text = `${head}const made: unknown = ${task("a")}.layer\nexport default made`
      if (typescript !== undefined && typescript !== false) {
        assert.strictEqual((yield* load("tasks.ts", text)).found._tag, "Right")
      } else {
        const { found } = yield* load("tasks.ts", text)
        assert.match(found._tag === "Left" ? (found.left.next ?? "") : "", /npm install --save-dev tsx/)
        const { found: loaded } = yield* load("tasks.ts", text, {
          "tsx/package.json": '{ "exports": { ".": "./loader.mjs" } }',
          "tsx/loader.mjs": "throw new Error('the loader ran')"
        })
        assert.match(loaded._tag === "Left" ? (loaded.left.what ?? "") : "", /the loader ran/)
      }
    })
  )
})
