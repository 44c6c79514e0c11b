/**
 * Reads damaged copies of a database: `damaged.js DATABASE FOLDER SEED FIRST COUNT KIND`, where KIND is `flip`, `cut`,
 * `log-flip` or `log-cut`. Prints a JSON line (`Damage.Verdict`) a copy. A process of its own, so that nothing it meets
 * ends more than itself.
 */
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Damage from "../Damage.js"

const [, , database = "", folder = "", ...rest] = process.argv
const [seed = 0, first = 0, count = 0] = rest.map(Number)
const kind = rest[3] as Damage.Kind

const main = Effect.gen(function* () {
  const pristine = yield* Damage.readPristine(database, folder)
  for (let number = first; number < first + count; number++) {
    const verdict = yield* Damage.judge(pristine, database, folder, kind, seed, number)
    process.stdout.write(`${JSON.stringify(verdict)}\n`)
  }
})

await Effect.runPromise(Effect.provide(main, Logger.remove(Logger.defaultLogger)))
