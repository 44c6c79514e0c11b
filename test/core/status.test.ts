import { assert, describe, it } from "@effect/vitest"
import { leadsTo } from "../../src/core/Entry.js"
import * as Status from "../../src/core/Status.js"

/** Rows from, columns to, both in this order; `x` may follow, `=` stays, `.` is refused. */
const order: ReadonlyArray<Status.Status> = [
  "Pending",
  "Running",
  "Waiting",
  "Paused",
  "Failed",
  "Closing",
  "Reverting",
  "RevertFailed",
  "Completed",
  "Closed",
  "Reverted"
]
const table: ReadonlyArray<string> = [
  "=x.x.x...x.", // Pending
  "x=xxxxx.x..", // Running
  "xx=xxxx....", // Waiting
  ".x.=.xx..x.", // Paused
  ".x..=xx....", // Failed
  "....x=...x.", // Closing
  ".x.x..=x..x", // Reverting
  "......x=...", // RevertFailed
  "......x.=..", // Completed
  "......x..=.", // Closed
  "..........=" // Reverted
]

/** Rows a verb, columns the status it is asked in. */
const verbs: Record<Status.Verb, string> = {
  resume: "...xx..x...",
  rerun: "...xx......",
  pause: "xxx........",
  close: "xxxxx......",
  revert: "...xx..xxx.",
  skip: "...xx..x...",
  goTo: "...xx......",
  discard: "..xxx......"
}

describe("statuses", () => {
  it("are these, in the order in which an execution meets them", () => assert.deepStrictEqual([...Status.all], order))

  for (const [row, from] of order.entries()) {
    it(`from ${from} move only as the table says`, () => {
      const moves = order.map((to) => (from === to ? "=" : Status.mayMove(from, to) ? "x" : "."))
      assert.strictEqual(moves.join(""), table[row])
      assert.isTrue(Status.mayMove(from, from))
    })
  }

  for (const [verb, row] of Object.entries(verbs)) {
    it(`allow ${verb} only where it does something`, () => {
      const allowed = order.map((status) => (Status.allows(status, verb as Status.Verb) ? "x" : "."))
      assert.strictEqual(allowed.join(""), row)
    })
  }

  it("that a verb starts from all lead to where it goes", () => {
    for (const { from, to } of Object.values(Status.verbs)) {
      for (const status of from) {
        const reached = status === "RevertFailed" ? "Reverting" : to
        assert.isTrue(Status.mayMove(status, reached), `${status} to ${reached}`)
      }
    }
  })

  it("are final where only an operator's revert goes on, and active where an engine has work", () => {
    assert.deepStrictEqual(order.filter(Status.isFinal), ["Completed", "Closed", "Reverted"])
    assert.deepStrictEqual(order.filter(Status.isActive), ["Pending", "Running", "Closing", "Reverting"])
  })

  it("say whether an execution has a place in its lane, and whether it had one before", () => {
    const placed = (had: boolean) => order.filter((status) => Status.hasPlace(had, status))
    assert.deepStrictEqual(placed(false), ["Running", "Waiting", "Closing", "Reverting"])
    assert.deepStrictEqual(placed(true), ["Pending", "Running", "Waiting", "Paused", "Closing", "Reverting"])
  })

  it("that an entry leads to can all be reached from another one", () => {
    for (const to of Object.values(leadsTo)) {
      if (to === null || to === "Pending") continue
      assert.isTrue(
        order.some((from) => from !== to && Status.mayMove(from, to)),
        to
      )
    }
  })

  it("cannot be changed by whoever reads the table", () => {
    assert.isTrue(Object.isFrozen(Status.moves))
    assert.isTrue(Object.isFrozen(Status.verbs))
    assert.isTrue(Object.isFrozen(Status.places))
    assert.isTrue(Object.values(Status.moves).every(Object.isFrozen))
  })
})
