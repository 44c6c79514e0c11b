/** Files as a kill in the middle of some work would leave them. */
import * as path from "node:path"
import * as Effect from "effect/Effect"
import type { Encoded } from "../../../src/store/Encoded.js"
import * as migrations from "../../../src/store/migrations.js"
import type { Sql } from "../../../src/store/Sql.js"
import * as SqliteConnection from "../../../src/store/SqliteConnection.js"
import * as SqliteStore from "../../../src/store/SqliteStore.js"
import * as SqlStore from "../../../src/store/SqlStore.js"
import { copy } from "./Files.js"
import { temporaryFolder } from "./TemporaryFolder.js"

/** What is seen of a store that is killed before or after some statement of a work, in that order; and in how many places. */
export const killedIn = Effect.fnUntraced(function* <A, E1, E2>(
  begin: (encoded: Encoded) => Effect.Effect<A, E1>,
  work: (encoded: Encoded, begun: A) => Effect.Effect<unknown, E2>,
  see: (left: Encoded) => Effect.Effect<string, unknown>
) {
  const folder = yield* temporaryFolder
  const filename = path.join(folder, "tidemark.db")
  const connection = yield* SqliteConnection.make({ filename, timeout: 0 })
  yield* connection.pragma("journal_mode = WAL")
  yield* migrations.migrate(connection)
  let watching = false
  let places = 0
  const look = Effect.sync(() => {
    if (watching) copy(filename, path.join(folder, `${places++}.db`))
  })
  const run: Sql["run"] = (text, values) => Effect.ensuring(Effect.zipRight(look, connection.run(text, values)), look)
  const sql: Sql = {
    ...connection,
    run,
    each: (statements) => Effect.forEach(statements, ({ text, values }) => run(text, values)),
    transaction: (effect) => Effect.zipLeft(connection.transaction(effect), look)
  }
  const { encoded } = yield* SqlStore.make({ sql, own: Effect.succeed(false) })
  const begun = yield* begin(encoded)
  watching = true
  yield* work(encoded, begun)
  watching = false
  const seen = new Set<string>()
  for (let n = 0; n < places; n++) {
    seen.add(yield* see(yield* SqliteStore.make({ filename: path.join(folder, `${n}.db`) })))
  }
  return { places, seen: [...seen] }
})
