import { spawnSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { inject } from "vitest"

describe("a promise that a phase left behind", () => {
  it("is logged with the executions that run, and ends neither them nor the process", () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [`${inject("compiled")}/scripts/torture/programs/stray.js`],
      { encoding: "utf8" }
    )
    assert.strictEqual(status, 0)
    assert.include(stdout, "completed 100")
    assert.strictEqual(
      stdout.match(/a promise that nobody handles was rejected: Error: stray \d+; left by one of: /g)?.length,
      100
    )
  })
})
