import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"
import { compile } from "./support/Compiled.js"

let compiled = ""
beforeAll(() => {
  compiled = compile()
})
afterAll(() => fs.rmSync(compiled, { recursive: true, force: true }))

/** The example's processes over one database: some that run to their end, and workers, of whose lines none is lost. */
const processes = Effect.gen(function* () {
  const database = join(yield* temporaryFolder, "approvals.db")
  const command = [join(compiled, "dist/examples/approval.js"), database]
  const lines: Array<string> = []
  const workers: Array<ChildProcessWithoutNullStreams> = []
  yield* Effect.addFinalizer(() => Effect.sync(() => workers.map((worker) => worker.kill("SIGKILL"))))
  const run = (...args: ReadonlyArray<string>) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [...command, ...args], { encoding: "utf8" })
    return [status, stdout, stderr]
  }
  const work = Effect.sync(() => {
    const worker = spawn(process.execPath, [...command, "work"])
    workers.push(worker)
    let rest = ""
    worker.stdout.on("data", (data) => {
      const parts = `${rest}${data}`.split("\n")
      rest = parts.pop()!
      lines.push(...parts)
    })
    const ended = new Promise<NodeJS.Signals | number | null>((done) =>
      worker.on("close", (code, signal) => done(signal ?? code))
    )
    return (signal: NodeJS.Signals) => {
      worker.kill(signal)
      return Effect.promise(() => ended)
    }
  })
  /** Waits for a line like this, and answers what its last group is. */
  const printed = (pattern: RegExp) =>
    Effect.retry(
      Effect.suspend(() => Effect.fromNullable(lines.map((line) => pattern.exec(line)?.at(-1)).find(Boolean))),
      Schedule.spaced(20)
    )
  return { lines, run, work, printed }
})

describe("the example approval", () => {
  it.scopedLive("is asked for, reminded of and escalated, over kill -9 and four processes", () =>
    Effect.gen(function* () {
      const { lines, printed, run, work } = yield* processes
      assert.deepStrictEqual(run("start", "contract.pdf", "3"), [0, "contract.pdf is started\n", ""])
      const kill = yield* work
      const early = yield* printed(/^mail to the owner: may .* with (\S+)$/)
      assert.strictEqual(yield* kill("SIGKILL"), "SIGKILL")
      const stop = yield* work
      const token = yield* printed(/^mail to the boss: may .* with (\S+)$/)
      const [late, , why] = run("complete", early, "yes", "ann")
      assert.strictEqual(late, 1)
      assert.include(String(why), "ask the owner")
      assert.deepStrictEqual(run("complete", token, "yes", "eve"), [0, "eve's answer is kept\n", ""])
      yield* printed(/^mail to the author: (.*)$/)
      yield* stop("SIGTERM")
      // What may not have been recorded before the kill is sent again: with the same token, and so in the same words.
      assert.deepStrictEqual(
        [...new Set(lines)],
        [
          "working",
          `mail to the owner: may contract.pdf be published? Answer with ${early}`,
          "mail to the owner: contract.pdf goes to the boss now",
          `mail to the boss: may contract.pdf be published? Answer with ${token}`,
          "mail to the author: contract.pdf is approved by eve"
        ]
      )
    })
  )

  it.scopedLive("takes an answer while no worker lives, once", () =>
    Effect.gen(function* () {
      const { lines, printed, run, work } = yield* processes
      run("start", "letter.pdf", "3600")
      const kill = yield* work
      const token = yield* printed(/^mail to the owner: may .* with (\S+)$/)
      yield* kill("SIGKILL")
      assert.deepStrictEqual(run("complete", token, "no", "ann"), [0, "ann's answer is kept\n", ""])
      assert.deepStrictEqual(run("complete", token, "no", "ann"), [0, "ann's answer is kept\n", ""])
      const [again, , why] = run("complete", token, "yes", "bob")
      assert.strictEqual(again, 1)
      assert.include(String(why), "completed")
      const stop = yield* work
      yield* printed(/^mail to the author: (.*)$/)
      yield* stop("SIGTERM")
      assert.strictEqual(lines.at(-1), "mail to the author: letter.pdf is declined by ann")
    })
  )
})
