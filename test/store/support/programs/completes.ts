/**
 * A process that completes tokens: node completes.js FILE BODY. It completes h0, h1, h2, ... with BODY, says what became
 * of each, and ends at the first that there is not.
 */
import * as Effect from "effect/Effect"
import * as SqliteStore from "../../../../src/store/SqliteStore.js"

const [, , filename = "", body = ""] = process.argv

const say = (line: unknown) => Effect.sync(() => process.stdout.write(`${JSON.stringify(line)}\n`))

const program = Effect.gen(function* () {
  const store = yield* SqliteStore.make({ filename })
  for (let n = 0; ; n++) {
    const { _tag } = yield* store.complete({ hash: `h${n}`, outcome: body, body, at: 1 })
    yield* say(_tag)
    if (_tag === "NotFound") return
    yield* Effect.promise(() => new Promise(setImmediate))
  }
})

await Effect.runPromise(Effect.scoped(program))
