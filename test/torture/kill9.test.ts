import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Account from "../../scripts/torture/Account.js"
import * as Kill9 from "../../scripts/torture/Kill9.js"
import type { Line } from "../../scripts/torture/Log.js"
import type { Entry, ExecutionStatus, Recorded } from "../../src/index.js"
import { taste } from "./setting.js"

/** A journal of two phases that were done and undone, and what its effects wrote. */
const entries: ReadonlyArray<Entry> = [
  { _tag: "Created", task: "reverts", version: 1, payload: {} },
  { _tag: "Claimed", owner: "a", crashed: false },
  { _tag: "PhaseStarted", path: "p0", name: "p0", kind: "phase" },
  { _tag: "PhaseSucceeded", path: "p0" },
  { _tag: "PhaseStarted", path: "p1", name: "p1", kind: "phase" },
  { _tag: "PhaseSucceeded", path: "p1" },
  { _tag: "RevertStarted", n: 1, failures: [], act: {} },
  { _tag: "PhaseStarted", path: "revert#1/undo/p1", name: "p1", kind: "undo", undoes: "p1" },
  { _tag: "PhaseSucceeded", path: "revert#1/undo/p1" },
  { _tag: "PhaseStarted", path: "revert#1/undo/p0", name: "p0", kind: "undo", undoes: "p0" },
  { _tag: "PhaseSucceeded", path: "revert#1/undo/p0" },
  { _tag: "Reverted" }
]

const line = (path: string, kind: Line["kind"], note = path, attempt = 1): Line => ({
  execution: "e0",
  path,
  attempt,
  kind,
  pid: 1,
  note
})

const log: ReadonlyArray<Line> = [
  line("-", "accepted"),
  ...["p0", "p1"].flatMap((path) => [line(path, "run"), line(path, "done")]),
  ...["revert#1/undo/p1", "revert#1/undo/p0"].flatMap((path) => [line(path, "undo"), line(path, "undone")]),
  line("-", "answered", "status Reverted")
]

const complaints = (found: ReadonlyArray<Entry>, lines: ReadonlyArray<Line>, status = "Reverted") => {
  const recorded: ReadonlyArray<Recorded> = found.map((entry, seq) => ({ seq, at: 0, epoch: 1, entry }))
  const journal = { entries: recorded, status: { status } as ExecutionStatus }
  return Account.problemsOf(new Map([["e0", journal]]), lines, true)
}

const swapped: ReadonlyArray<Entry> = [
  ...entries.slice(0, 7),
  ...entries.slice(9, 11),
  ...entries.slice(7, 9),
  entries[11]!
]

describe("the account of a world that was killed again and again", () => {
  it("finds nothing in a journal that tells what happened", () => assert.deepStrictEqual(complaints(entries, log), []))

  const wrongs: ReadonlyArray<readonly [what: string, problems: ReadonlyArray<string>, says: string]> = [
    ["a phase that ran twice", complaints(entries, [...log, line("p0", "run")]), "ran twice"],
    [
      "a phase that ran after its record",
      complaints(entries, [...log, line("p0", "run", "p0", 2)]),
      "is not in the journal"
    ],
    [
      "a record of what was not done",
      complaints(
        entries,
        log.filter(({ kind, path }) => !(path === "p1" && kind === "done"))
      ),
      "and was not"
    ],
    ["another key", complaints(entries, [...log, line("p0", "failed", "other")]), "had the keys"],
    ["undos in the wrong order", complaints(swapped, log), "instead of"],
    ["an undo that is missing", complaints([...entries.slice(0, 9), entries[11]!], log.slice(0, 7)), "were not undone"],
    [
      "an execution that stands still too early",
      complaints(entries.slice(0, 5), log.slice(0, 3), "Running"),
      "is still Running"
    ],
    ["another answer than was given", complaints(entries, log, "Failed"), "was status Reverted"],
    ["an execution that is gone", Account.problemsOf(new Map(), log, true), "is lost"]
  ]
  for (const [what, problems, says] of wrongs) {
    it(`sees ${what}`, () => assert.include(problems.join("\n"), says))
  }
})

describe("50 executions whose process is killed again and again", () => {
  it.scopedLive(
    "lose nothing, run nothing recorded again, and undo in order",
    () =>
      Effect.gen(function* () {
        const { figures, problems } = yield* Kill9.part.run(yield* taste(10))
        assert.deepStrictEqual(problems, [])
        assert.isAtLeast(Number(figures.kills), 10)
      }),
    120_000
  )
})
