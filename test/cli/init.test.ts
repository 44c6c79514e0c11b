/** What a newcomer does with the starter: an empty folder, its test, a run that is killed, and one that goes on. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inject } from "vitest"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"

const compiled = inject("compiled")
const bin = path.join(compiled, "src/bin.js")
const modules = path.join(import.meta.dirname, "../../node_modules")

/** As `npm install` would have it. */
const install = (folder: string): void => {
  fs.mkdirSync(path.join(folder, "node_modules"))
  fs.symlinkSync(compiled, path.join(folder, "node_modules/tidemark"))
  fs.symlinkSync(path.join(modules, "effect"), path.join(folder, "node_modules/effect"))
}

describe("tidemark init", () => {
  it.scoped("takes a folder that has but what npm install made, and keeps its dependencies", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const write = (content: object) =>
        fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify(content, null, 2))
      const init = () => spawnSync(process.execPath, [bin, "init"], { encoding: "utf8", cwd: folder })
      fs.mkdirSync(path.join(folder, "node_modules"))
      fs.writeFileSync(path.join(folder, "package-lock.json"), "{}")
      write({ dependencies: { tidemark: "file:tidemark.tgz" }, scripts: { test: "mine" } })
      assert.strictEqual(init().status, 3)
      write({ dependencies: { tidemark: "file:tidemark.tgz" } })
      const made = init()
      assert.deepStrictEqual([made.status, made.stderr], [0, ""])
      const { dependencies, type } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"))
      assert.deepInclude(dependencies, { tidemark: "file:tidemark.tgz" })
      assert.strictEqual(type, "module")
    })
  )

  it.scoped("writes a starter whose test passes, and whose task goes on where it was killed", () =>
    Effect.gen(function* () {
      const folder = path.join(yield* temporaryFolder, "party")
      const options = { encoding: "utf8" as const, env: { ...process.env, TIDEMARK_DB: undefined } }
      const made = spawnSync(process.execPath, [bin, "init", folder, "--json"], options)
      assert.deepStrictEqual([made.status, made.stderr], [0, ""])
      assert.sameMembers(JSON.parse(made.stdout).files, fs.readdirSync(folder))
      const again = spawnSync(process.execPath, [bin, "init", folder], options)
      assert.strictEqual(again.status, 3)
      assert.include(again.stderr, "is not empty")
      install(folder)
      const here = { ...options, cwd: folder }
      const tested = spawnSync(process.execPath, ["--test"], here)
      assert.strictEqual(tested.status, 0, tested.stdout)
      const { scripts } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"))
      const args = String(scripts.start).split(" ").slice(1)
      const child = spawn(process.execPath, [bin, ...args], { cwd: folder, stdio: "pipe" })
      const closed = once(child, "close")
      child.stderr.on("data", (text) => {
        if (String(text).includes("hello Ann")) child.kill("SIGKILL")
      })
      yield* Effect.promise(() => closed)
      fs.writeFileSync(
        path.join(folder, "tasks.js"),
        fs.readFileSync(path.join(folder, "tasks.js"), "utf8").replace("1 second", "1 millis")
      )
      const resumed = spawnSync(process.execPath, [bin, ...args], here)
      assert.strictEqual(resumed.status, 0, resumed.stderr)
      assert.notInclude(resumed.stderr, "the door is open")
      for (const name of ["Ben", "Cem", "Dua", "Eli"]) assert.include(resumed.stderr, `hello ${name}`)
      assert.include(resumed.stdout, "completed: 5")
    })
  )
})
