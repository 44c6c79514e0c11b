import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Row, Value } from "../../src/store/Sql.js"
import * as SqliteConnection from "../../src/store/SqliteConnection.js"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import * as SqlLetters from "../../src/store/SqlLetters.js"
import * as SqlRetention from "../../src/store/SqlRetention.js"
import * as Statements from "../../src/store/Statements.js"
import { temporaryFile } from "./support/TemporaryFolder.js"

/** How SQLite would answer what is asked: no line for what is merely put together. */
const planOf = (
  asks: (sql: Pick<SqliteConnection.SqliteConnection, "all">) => Effect.Effect<unknown, unknown>,
  answer: ReadonlyArray<Row> = []
) =>
  Effect.gen(function* () {
    const filename = yield* temporaryFile
    yield* SqliteStore.make({ filename })
    const connection = yield* SqliteConnection.make({ filename, timeout: 0 })
    const plan: Array<string> = []
    const all = (text: string, values: ReadonlyArray<Value>) =>
      Effect.map(connection.all(`EXPLAIN QUERY PLAN ${text}`, values), (rows): ReadonlyArray<Row> => {
        for (const { detail } of rows)
          if (/^(SCAN|SEARCH) (execution|e|letter|journal)\b/.test(String(detail))) plan.push(String(detail))
        return answer
      })
    yield* asks({ all })
    return plan
  })

describe("a journal from its last stage on", () => {
  it.scoped("is found without reading what was before", () =>
    Effect.gen(function* () {
      const byEntry = "SEARCH journal USING INDEX sqlite_autoindex_journal_1"
      const byId = /^SEARCH execution USING (COVERING )?INDEX sqlite_autoindex_execution_1 \(id=\?\)$/
      assert.deepStrictEqual(
        (yield* planOf(({ all }) => all(Statements.latest, ["a", "a", "a", "a"]))).filter((line) => !byId.test(line)),
        [
          `${byEntry} (execution=? AND seq=?)`,
          `${byEntry} (execution=? AND seq>?)`,
          "SEARCH journal USING INDEX journal_of_stages (execution=?)"
        ]
      )
    })
  )
})

describe("what is purged", () => {
  it.scoped("is found along the times at which it ended: what is kept for longer is not read", () =>
    Effect.gen(function* () {
      const plan = yield* planOf((sql) => SqlRetention.isAny(sql, { task: "t", before: 1, limit: 1, at: 2 }))
      assert.strictEqual(plan[0], "SEARCH e USING INDEX execution_ended (task=? AND updated_at<?)")
      assert.isFalse(
        plan.some((line) => line.startsWith("SCAN")),
        plan.join("\n")
      )
    })
  )

  it.scoped("is asked for by tasks, which are found without reading their executions", () =>
    Effect.gen(function* () {
      const plan = yield* planOf(SqlRetention.tasksOf)
      assert.isFalse(
        plan.some((line) => line.startsWith("SCAN")),
        plan.join("\n")
      )
    })
  )
})

describe("what is due", () => {
  it.scoped("by the time is found along the times: what waits for longer is not read", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* planOf((sql) => SqlLetters.nextWake(sql, 1), [{ wake: null }]), [
        "SEARCH execution USING INDEX execution_by_wake (wake>?)",
        "SEARCH execution USING INDEX execution_in_line_by_wake (wake>?)"
      ])
    })
  )

  it.scoped("reads neither what waits for longer nor what nobody has written to", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* planOf((sql) => SqlLetters.due(sql, { now: 1 })), [
        "SCAN letter USING COVERING INDEX letter_by_execution",
        "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH execution USING INDEX execution_by_wake (wake<?)",
        // Those that are ready alone are in that index, and of a line no more than there are places for.
        "SCAN execution USING INDEX execution_ready",
        "SEARCH execution USING COVERING INDEX execution_in_line",
        "SEARCH e USING COVERING INDEX execution_in_line (lane>?)",
        "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH execution USING INDEX execution_in_line (lane=?)",
        "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)"
      ])
    })
  )
})
