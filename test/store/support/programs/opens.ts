/**
 * A process that opens a store: node opens.js FILE MODE. It says "ready" when it has, and what it does then is MODE:
 * own: takes the engine's lock and stays; write: does so too, and appends for ever, saying each number it wrote;
 * try: says who owns it, and ends; open: writes one execution, and ends.
 */
import * as Effect from "effect/Effect"
import * as SqliteStore from "../../../../src/store/SqliteStore.js"
import { fromEncoded } from "../../../../src/store/Store.js"

const [, , filename = "", mode = ""] = process.argv

const say = (line: unknown) => Effect.sync(() => process.stdout.write(`${JSON.stringify(line)}\n`))

const write = Effect.fnUntraced(function* (store: ReturnType<typeof fromEncoded>) {
  const row = { id: "a", task: "t", version: 1, status: "Pending", epoch: 0, owner: null } as const
  const made = yield* store.create({ ...row, createdAt: 1, updatedAt: 1 }, [
    { _tag: "Created", task: "t", version: 1, payload: null }
  ])
  const journal = "head" in made ? { head: made.head } : yield* store.load("a")
  let head = journal!.head
  while (true) {
    head = yield* store.append(
      head,
      1,
      [{ _tag: "PhaseSucceeded", path: `p${head.next}`, value: "x".repeat(200) }],
      null
    )
    yield* say(head.next - 1)
    yield* Effect.promise(() => new Promise(setImmediate))
  }
})

const program = Effect.gen(function* () {
  const started = performance.now()
  const store = fromEncoded(yield* SqliteStore.make({ filename }))
  switch (mode) {
    case "own":
      yield* store.own
      yield* say("ready")
      return yield* Effect.async<never>(() => void setInterval(() => undefined, 1_000))
    case "write":
      yield* store.own
      yield* say("ready")
      return yield* write(store)
    case "try": {
      const before = performance.now()
      const refused = yield* Effect.flip(store.own)
      return yield* say({ ...refused, message: refused.message, took: performance.now() - before })
    }
    default:
      yield* store.create(
        { id: mode, task: "t", version: 1, status: "Pending", epoch: 0, owner: null, createdAt: 1, updatedAt: 1 },
        [{ _tag: "Created", task: "t", version: 1, payload: null }]
      )
      return yield* say({ ready: performance.now() - started })
  }
})

await Effect.runPromise(Effect.scoped(program))
