/** An operator at work with the command alone, in processes of its own: start, see it fail, mend, resume; a worker that is killed. */
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
const from = (file: string) =>
  JSON.stringify(path.join(import.meta.dirname, "../../node_modules/effect/dist/esm", file))

/** Writes a line for each phase that runs; the second one fails until there is a file `mended`. */
const module = `
import * as fs from "node:fs"
import * as Effect from ${from("Effect.js")}
import * as Schema from ${from("Schema.js")}
import { Phase, Task } from ${JSON.stringify(path.join(compiled, "src/index.js"))}

const log = (line) => Effect.sync(() => fs.appendFileSync("ran.txt", line + "\\n"))
const job = Task.make("job", {
  payload: { n: Schema.Number },
  success: Schema.Number,
  *run({ n }) {
    const one = yield* Phase.make("one", { run: Effect.as(log("one"), n), undo: () => log("undo one") })
    yield* Phase.forEach("items", [1, 2], (item) => Phase.make("item", log("item " + item)))
    yield* Phase.make("two", Effect.suspend(() => fs.existsSync("mended") ? log("two") : Effect.die("not mended")))
    const answer = yield* Phase.signal("go", Schema.Number)
    return one + answer
  }
})
export default job.layer
`

const desk = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  fs.writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }')
  fs.writeFileSync(path.join(folder, "job.js"), module)
  const options = { cwd: folder, encoding: "utf8" as const, env: { ...process.env, TIDEMARK_DB: undefined } }
  const tidemark = (...args: ReadonlyArray<string>) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [bin, ...args], options)
    return { code: status, out: stdout, err: stderr }
  }
  const ran = () => fs.readFileSync(path.join(folder, "ran.txt"), "utf8").trim().split("\n")
  return { folder, tidemark, ran }
})

describe("an operator with the command alone", () => {
  it.scoped("starts, sees a phase fail, mends it, resumes, signals and reverts", () =>
    Effect.gen(function* () {
      const { folder, ran, tidemark } = yield* desk
      const wrong = tidemark("start", "job", "--tasks", "job.js", "--payload", '{ "n": "x" }')
      assert.deepStrictEqual([wrong.code, wrong.out], [3, ""])
      assert.match(wrong.err, /the payload does not fit task job at .*n/)
      const started = tidemark("start", "job", "--tasks", "job.js", "--payload", '{ "n": 40 }', "--id", "j", "--follow")
      assert.strictEqual(started.code, 1, started.err)
      assert.include(started.out, "two failed for good")
      const refused = tidemark("resume", "j", "--yes")
      assert.deepStrictEqual([refused.code, refused.out], [3, ""])
      assert.include(refused.err, "--tasks MODULE")
      fs.writeFileSync(path.join(folder, "mended"), "")
      const resumed = tidemark("resume", "j", "--yes", "--tasks", "job.js", "--json", "--reason", "mended")
      assert.deepStrictEqual([resumed.code, resumed.err], [0, ""])
      assert.deepInclude(JSON.parse(resumed.out), { verb: "resume", outcome: "done", status: "Waiting", engine: null })
      const signalled = tidemark("signal", "j", "go", "--value", "2", "--yes", "--tasks", "job.js", "--json")
      assert.deepInclude(JSON.parse(signalled.out), { verb: "signal", status: "Completed" })
      assert.deepStrictEqual(ran(), ["one", "item 1", "item 2", "two"])
      const reverted = tidemark("revert", "j", "--yes", "--tasks", "job.js")
      assert.strictEqual(reverted.code, 0, reverted.err)
      assert.strictEqual(ran().pop(), "undo one")
    })
  )

  it.scoped("runs a worker that takes what is started, is killed, and hands the file on", () =>
    Effect.gen(function* () {
      const { folder, ran, tidemark } = yield* desk
      fs.writeFileSync(path.join(folder, "mended"), "")
      const work = Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [bin, "worker", "--tasks", "job.js"], { cwd: folder, stdio: "pipe" })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      const first = yield* work
      assert.match(String((yield* Effect.promise(() => once(first.stdout, "data")))[0]), /works on .*: job\./)
      const started = tidemark("start", "job", "--tasks", "job.js", "--payload", '{ "n": 1 }', "--id", "j", "--json")
      assert.deepInclude(JSON.parse(started.out), { verb: "start", outcome: "done", id: "j" })
      tidemark("signal", "j", "go", "--value", "2", "--yes")
      assert.strictEqual(tidemark("watch", "j").code, 0)
      const asked = JSON.parse(tidemark("revert", "j", "--yes", "--json").out)
      assert.deepInclude(asked, { outcome: "done", status: "Reverted", engine: first.pid })
      first.kill("SIGKILL")
      yield* Effect.promise(() => once(first, "close"))
      const second = yield* work
      yield* Effect.promise(() => once(second.stdout, "data"))
      second.kill("SIGINT")
      assert.deepStrictEqual((yield* Effect.promise(() => once(second, "close")))[0], 130)
      assert.deepStrictEqual(ran(), ["one", "item 1", "item 2", "two", "undo one"])
    })
  )
})
