import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inject } from "vitest"
import * as Child from "../../scripts/torture/Child.js"
import { Watchdog } from "../../src/watchdog.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"

const looper = (...args: ReadonlyArray<string | number>) =>
  Effect.gen(function* () {
    const child = yield* Child.program(join(inject("compiled"), "scripts/torture/programs/looper.js"), ...args)
    const { code, signal } = yield* child.ended
    return { code, signal, lines: child.lines }
  })

describe("a watchdog", () => {
  it.scopedLive("kills a process whose code never comes back, until that one is parked and the others have ended", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryFolder, "looper.db")
      for (let killed = 0; ; killed++) {
        const { code, lines, signal } = yield* looper(filename, 10, 3)
        if (signal === null) {
          assert.strictEqual(code, 0, lines.join("\n"))
          const { e3, ...others } = JSON.parse(lines.at(-1)!) as Record<string, string>
          assert.strictEqual(e3, "Failed")
          assert.deepStrictEqual(Object.values(others), new Array(9).fill("Completed"))
          return assert.strictEqual(killed, 3)
        }
        assert.strictEqual(signal, "SIGKILL")
        assert.match(lines[0]!, /^tidemark: process \d+ has stood still for 0\.5 s, in the code of execution e3:$/)
        assert.isTrue(lines.some((line) => /^ {4}at neverComesBack \(file:.*looper\.js:\d+:\d+\)$/.test(line)))
        assert.match(lines.at(-1)!, /^tidemark: process \d+ is killed, so that another engine takes over$/)
        assert.isBelow(killed, 3)
      }
    })
  )

  it.scopedLive("says so, and lets what comes back go on", () =>
    Effect.gen(function* () {
      const { code, lines } = yield* looper(join(yield* temporaryFolder, "looper.db"), "report")
      assert.strictEqual(code, 0)
      assert.match(lines[0]!, /^tidemark: process \d+ has stood still for 0\.5 s, in the code of execution e0:$/)
      assert.isTrue(lines.some((line) => line.startsWith("    at neverComesBack (")))
      assert.deepStrictEqual(JSON.parse(lines.at(-1)!), { e0: "Completed" })
    })
  )

  it.scopedLive("says so where nothing can be seen", () =>
    Effect.gen(function* () {
      const { code, lines } = yield* looper(join(yield* temporaryFolder, "looper.db"), "native")
      assert.strictEqual(code, 0)
      assert.match(lines[0]!, /^tidemark: process \d+ has stood still for 0\.5 s: it runs no JavaScript$/)
      assert.deepStrictEqual(JSON.parse(lines.at(-1)!), { e0: "Completed" })
    })
  )

  it("is not made with a time that cannot be", () => {
    for (const after of [0, -1, Number.NaN, "infinity", "25 days"] as const) {
      assert.throws(() => Watchdog.layer({ after: after as never }), TypeError, "the watchdog's `after`")
    }
  })
})
