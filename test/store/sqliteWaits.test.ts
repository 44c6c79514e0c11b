import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Encoded } from "../../src/store/Encoded.js"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import { compiled } from "./support/Compiled.js"
import type { Running } from "./support/Process.js"
import { start } from "./support/Process.js"
import { temporaryFile } from "./support/TemporaryFolder.js"

const programs = compiled()

const completes = Effect.fnUntraced(function* (filename: string, body: string) {
  return yield* start(programs(), "completes", [filename, body])
})

const created = { id: "a", task: "t", version: 1, status: "Waiting", epoch: 0, owner: null } as const

/** Execution "a", which waits for tokens h0, h1, ... */
const waits = (store: Encoded, tokens: number) =>
  store.create({
    row: { ...created, createdAt: 1, updatedAt: 1 },
    rows: [{ seq: 0, epoch: 0, at: 1, body: "{}", hash: "h" }],
    tokens: Array.from({ length: tokens }, (_, n) => ({
      hash: `h${n}`,
      clear: null,
      path: `p${n}`,
      schema: {},
      expires: null
    }))
  })

/** What became of its completions, in order. */
const told = Effect.fnUntraced(function* ({ line }: Running) {
  const tags: Array<string> = []
  for (let tag: string = yield* line; tag !== "NotFound"; tag = yield* line) tags.push(tag)
  return tags
})

describe("what another process completes", () => {
  it.scopedLive("is noticed within one look, makes its execution due, and is there to be read", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const store = yield* SqliteStore.make({ filename })
      yield* store.own
      yield* waits(store, 1)
      const seen = yield* store.changed(undefined, "10 millis")
      assert.deepStrictEqual(yield* store.due({ now: 1 }), [])
      const noticed = yield* Effect.fork(store.changed(seen, "10 millis"))
      const other = yield* completes(filename, "yes")
      assert.notStrictEqual(yield* Fiber.join(noticed), seen)
      // Opening the file may have been noticed first: then the completion is, a look later.
      assert.strictEqual(yield* other.line, "Accepted")
      assert.deepStrictEqual(yield* store.due({ now: 1 }), [{ id: "a", task: "t", priority: 0, since: 1 }])
      const [letter] = yield* store.letters("a")
      assert.deepInclude(letter, { kind: "completion", key: "h0", body: "yes" })
      assert.deepStrictEqual(yield* store.addressed, [{ id: "a", task: "t", status: "Waiting", last: letter!.id }])
      assert.strictEqual(yield* store.end({ hash: "h0", as: "expired" }), "completed")
      assert.deepStrictEqual(yield* told(yield* completes(filename, "no")), ["Differs"])
    })
  )

  it.scopedLive("has one winner with what a third completes and what the owner ends meanwhile", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const store = yield* SqliteStore.make({ filename })
      yield* store.own
      const count = 300
      yield* waits(store, count)
      const others = yield* Effect.forEach(["yes", "no"], (body) => completes(filename, body))
      const first: string = yield* others[0]!.line
      const ended: Array<string> = []
      // Against them, so that they meet.
      for (let n = count - 1; n >= 0; n--) {
        ended[n] = yield* store.end({ hash: `h${n}`, as: "expired" })
        yield* Effect.promise(() => new Promise(setImmediate))
      }
      const [yes, no] = yield* Effect.forEach(others, told)
      yes!.unshift(first)
      const letters = yield* store.letters("a")
      for (let n = 0; n < count; n++) {
        const mine = letters.filter(({ key }) => key === `h${n}`)
        const winners = [yes![n] === "Accepted", no![n] === "Accepted", ended[n] === "ended"]
        assert.lengthOf(
          winners.filter((won) => won),
          1,
          `h${n}: ${[yes![n], no![n], ended[n]]}`
        )
        assert.deepStrictEqual(
          mine.map(({ body }) => body),
          winners[0] ? ["yes"] : winners[1] ? ["no"] : []
        )
      }
    })
  )

  it.scopedLive("is kept once it was accepted, also if that process is killed right then", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const store = yield* SqliteStore.make({ filename })
      yield* waits(store, 500)
      const other = yield* completes(filename, "yes")
      let accepted = 0
      while (accepted < 20) {
        assert.strictEqual(yield* other.line, "Accepted")
        accepted++
      }
      yield* Effect.sync(() => void other.process.kill("SIGKILL"))
      yield* other.end
      const letters = yield* store.letters("a")
      assert.isAtLeast(letters.length, accepted)
      for (const [n, { key }] of letters.entries()) assert.strictEqual(key, `h${n}`)
      for (let n = 0; n < 500; n++) {
        assert.strictEqual((yield* store.token(`h${n}`))?.ended, n < letters.length ? "completed" : null)
      }
    })
  )
})
