/** Of the store suite: completion against everything that ends a token. Exactly one of them wins. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Encoded } from "../store/Encoded.js"
import type { Driver, Test } from "./StoreSuiteRows.js"
import { claimed, created, hard, hostile, request, token } from "./StoreSuiteRows.js"

const completion = (hash: string, body: string, at = 5) => ({ hash, outcome: `sha256 of ${body}`, body, at })

const where = { execution: "a", task: "place-order", path: "charge" }

/** Execution "a" with these tokens. */
const holding = (store: Encoded, ...tokens: ReadonlyArray<ReturnType<typeof token>>) =>
  store.create({ ...created("a", { status: "Running" }), tokens })

const keysOf = (store: Encoded, id = "a") => Effect.map(store.letters(id), (letters) => letters.map(({ key }) => key))

export const completing = (test: Test, driver: Driver): void => {
  test("are completed once: the same again is told so, another differs", (store) =>
    Effect.gen(function* () {
      yield* holding(store, token("h", { clear: "text" }))
      assert.deepStrictEqual(yield* store.complete(completion("h", "yes")), { _tag: "Accepted", ...where })
      const letters = yield* store.letters("a")
      assert.deepInclude(letters[0], { kind: "completion", key: "h", body: "yes", at: 5 })
      assert.deepStrictEqual(yield* store.complete(completion("h", "yes", 99)), { _tag: "Same", ...where })
      assert.deepStrictEqual(yield* store.complete(completion("h", "no")), { _tag: "Differs", ...where })
      assert.deepStrictEqual(yield* store.letters("a"), letters)
      const found = yield* store.token("h")
      // Its text may still have to be handed out: a phase whose process died asks for it again.
      assert.deepStrictEqual([found?.ended, found?.clear], ["completed", "text"])
    }))
  test("are completed for good: also after the letter was taken, and after the time", (store) =>
    Effect.gen(function* () {
      yield* holding(store, token("h", { expires: 10 }))
      yield* store.complete(completion("h", "yes", 9))
      const [letter] = yield* store.letters("a")
      yield* store.append({ ...request("a", 1, [claimed]), taken: [letter!.id], status: "Completed" })
      assert.strictEqual((yield* store.complete(completion("h", "yes", 11)))._tag, "Same")
      assert.strictEqual(yield* store.end({ hash: "h", as: "expired" }), "completed")
      assert.deepStrictEqual(yield* store.letters("a"), [])
    }))
  test("expire by their time, not before, and nothing is written", (store) =>
    Effect.gen(function* () {
      yield* holding(store, token("h", { expires: 10 }))
      for (const at of [10, 11]) {
        assert.deepStrictEqual(yield* store.complete(completion("h", "late", at)), { _tag: "Expired", ...where })
        assert.strictEqual(yield* store.beat({ hash: "h", at }), "expired")
      }
      const found = yield* store.token("h")
      assert.deepStrictEqual([found?.ended, found?.beat], [null, null])
      assert.deepStrictEqual(yield* store.letters("a"), [])
      assert.strictEqual((yield* store.complete(completion("h", "early", 9)))._tag, "Accepted")
    }))
  for (const as of ["expired", "closed"] as const) {
    test(`are ended as ${as} once and for all, and their text is erased`, (store) =>
      Effect.gen(function* () {
        yield* holding(store, token("h", { clear: "text" }))
        assert.strictEqual(yield* store.end({ hash: "h", as }), "ended")
        assert.strictEqual(yield* store.end({ hash: "h", as: as === "closed" ? "expired" : "closed" }), "ended")
        const found = yield* store.token("h")
        assert.deepStrictEqual([found?.ended, found?.clear], [as, null])
        const told = { _tag: as === "closed" ? ("Closed" as const) : ("Expired" as const), ...where }
        assert.deepStrictEqual(yield* store.complete(completion("h", "late")), told)
        assert.strictEqual(yield* store.beat({ hash: "h", at: 1, progress: 0.5 }), as)
        assert.deepStrictEqual(yield* store.letters("a"), [])
        assert.isNull((yield* store.token("h"))?.progress)
      }))
  }
  for (const status of ["Closing", "Reverting", "RevertFailed", "Completed", "Closed", "Reverted"] as const) {
    test(`of an execution that is ${status} complete nothing`, (store) =>
      Effect.gen(function* () {
        yield* holding(store, token("h"))
        yield* store.append({ ...request("a", 1, [claimed]), status })
        assert.deepStrictEqual(yield* store.complete(completion("h", "late")), { _tag: "Closed", ...where })
        assert.strictEqual(yield* store.beat({ hash: "h", at: 1 }), "closed")
        assert.deepStrictEqual(yield* store.letters("a"), [])
      }))
  }
  test("of an execution that is being ended have told before what they were completed with", (store) =>
    Effect.gen(function* () {
      yield* holding(store, token("g"), token("h"))
      yield* store.complete(completion("g", "yes"))
      yield* store.append({ ...request("a", 1, [claimed]), status: "Closing" })
      assert.strictEqual((yield* store.complete(completion("g", "yes")))._tag, "Same")
      assert.strictEqual((yield* store.complete(completion("g", "no")))._tag, "Differs")
      assert.strictEqual(yield* store.end({ hash: "g", as: "closed" }), "completed")
      assert.strictEqual(yield* store.end({ hash: "h", as: "closed" }), "ended")
      assert.deepStrictEqual(yield* keysOf(store), ["g"])
    }))
  test("are closed by entries: those that are open, and their text is erased", (store) =>
    Effect.gen(function* () {
      yield* holding(store, token("done"), token("late"), token("open", { clear: "text" }), token("other"))
      yield* store.complete(completion("done", "yes"))
      yield* store.end({ hash: "late", as: "expired" })
      const close = ["done", "late", "open", "nobody's"].map((hash) => ({ hash, mustBeOpen: false }))
      yield* store.append({ ...request("a", 1, [claimed]), close })
      const found = yield* Effect.forEach(["done", "late", "open", "other"], (hash) => store.token(hash))
      assert.deepStrictEqual(
        found.map((row) => [row?.ended, row?.clear]),
        [
          ["completed", null],
          ["expired", null],
          ["closed", null],
          [null, null]
        ]
      )
      assert.deepStrictEqual(yield* store.complete(completion("open", "late")), { _tag: "Closed", ...where })
    }))
  test("that have to be open and are completed refuse the entries that close them, and all beside them", (store) =>
    Effect.gen(function* () {
      yield* holding(store, token("done"), token("open"))
      yield* store.complete(completion("done", "yes"))
      const close = (...hashes: ReadonlyArray<string>) => hashes.map((hash) => ({ hash, mustBeOpen: true }))
      const refused = store.append({ ...request("a", 1, [claimed]), close: close("open", "done"), status: "Running" })
      assert.strictEqual((yield* Effect.flip(refused))._tag, "Fenced")
      assert.isNull((yield* store.token("open"))?.ended)
      assert.lengthOf(yield* store.read("a", 1), 0)
      // What has ended otherwise, or is not there, is as good as open.
      yield* store.end({ hash: "open", as: "expired" })
      yield* store.append({ ...request("a", 1, [claimed]), close: close("open", "nobody's") })
    }))
  for (const status of ["Waiting", "Paused", "Failed"] as const) {
    test(`of an execution that is ${status} are completed`, (store) =>
      Effect.gen(function* () {
        yield* holding(store, token("h"))
        yield* store.append({ ...request("a", 1, [claimed]), status })
        assert.strictEqual((yield* store.complete(completion("h", "yes")))._tag, "Accepted")
        assert.deepStrictEqual(yield* keysOf(store), ["h"])
      }))
  }
  test("are completed with entries that say so: for good, and without a letter", (store) =>
    Effect.gen(function* () {
      yield* holding(store, token("g", { expires: 6 }), token("h"))
      yield* store.append({ ...request("a", 1, [claimed]), accepted: completion("g", "yes") })
      assert.deepStrictEqual(yield* keysOf(store), [])
      assert.deepStrictEqual([(yield* store.token("g"))?.ended, (yield* store.token("h"))?.ended], ["completed", null])
      assert.deepStrictEqual(yield* store.complete(completion("g", "yes", 99)), { _tag: "Same", ...where })
      assert.deepStrictEqual(yield* store.complete(completion("g", "no")), { _tag: "Differs", ...where })
      assert.strictEqual(yield* store.end({ hash: "g", as: "expired" }), "completed")
    }))
  test("that are not open refuse the entries that complete them, and all beside them", (store) =>
    Effect.gen(function* () {
      const hashes = ["done", "late", "expired", "closed", "nobody's", "other"]
      yield* holding(store, token("done"), token("late", { expires: 5 }), token("expired"), token("closed"))
      yield* store.create({ ...created("b"), tokens: [token("other")] })
      yield* store.complete(completion("done", "yes"))
      yield* store.end({ hash: "expired", as: "expired" })
      yield* store.end({ hash: "closed", as: "closed" })
      for (const hash of hashes) {
        const refused = store.append({
          ...request("a", 1, [claimed]),
          status: "Failed",
          accepted: completion(hash, "yes"),
          tokens: [token("new")]
        })
        assert.strictEqual((yield* Effect.flip(refused))._tag, "Fenced")
      }
      assert.deepStrictEqual([(yield* store.token("late"))?.ended, (yield* store.token("other"))?.ended], [null, null])
      assert.isUndefined(yield* store.token("new"))
      assert.lengthOf(yield* store.read("a", 1), 0)
      assert.strictEqual((yield* store.get("a"))?.status, "Running")
    }))
  test("are completed once where entries and others do so at once, and all are told who", (store) =>
    Effect.gen(function* () {
      const hashes = Array.from({ length: 50 }, (_, index) => `h${index}`)
      for (const hash of hashes) yield* store.create({ ...created(hash), tokens: [token(hash)] })
      const told = yield* Effect.forEach(
        hashes,
        (hash, index) => {
          const appended = Effect.either(
            store.append({ ...request(hash, 1, [claimed]), accepted: completion(hash, "yes") })
          )
          const completed = store.complete(completion(hash, "no"))
          return index % 2 === 0
            ? Effect.all([appended, completed], { concurrency: "unbounded" })
            : Effect.map(Effect.all([completed, appended], { concurrency: "unbounded" }), ([a, b]) => [b, a] as const)
        },
        { concurrency: "unbounded" }
      )
      const won = told.map(([appended, completed]) => [appended._tag, completed._tag].join(" "))
      assert.sameMembers([...new Set(won)], ["Right Differs", "Left Accepted"])
    }))
  test("that there are not are not found", (store) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* store.complete(completion("h", "yes")), { _tag: "NotFound" })
      assert.strictEqual(yield* store.end({ hash: "h", as: "closed" }), "ended")
      assert.strictEqual(yield* store.beat({ hash: "h", at: 1 }), "unknown")
      assert.isUndefined(yield* store.token("h"))
    }))
  test("are kept alive by signs of life, and ended once their holder was quiet", (store) =>
    Effect.gen(function* () {
      yield* holding(store, token("h"))
      const end = (quietSince: number) => store.end({ hash: "h", as: "expired", quietSince })
      assert.strictEqual(yield* store.beat({ hash: "h", at: 10, progress: { done: 0.5 } }), "heard")
      assert.strictEqual(yield* end(9), "heard")
      // A sign that arrives late does not take back a later one, and one that tells nothing leaves what was told.
      assert.strictEqual(yield* store.beat({ hash: "h", at: 8 }), "heard")
      const found = yield* store.token("h")
      assert.deepStrictEqual([found?.beat, found?.progress, found?.ended], [10, { done: 0.5 }, null])
      assert.strictEqual(yield* end(10), "ended")
      assert.strictEqual(yield* store.beat({ hash: "h", at: 11 }), "expired")
    }))
  test("that were never heard of are ended, and completed ones are not", (store) =>
    Effect.gen(function* () {
      yield* holding(store, token("g"), token("h"))
      assert.strictEqual(yield* store.end({ hash: "g", as: "expired", quietSince: 0 }), "ended")
      yield* store.complete(completion("h", "yes"))
      assert.strictEqual(yield* store.end({ hash: "h", as: "expired", quietSince: 0 }), "completed")
      assert.strictEqual(yield* store.beat({ hash: "h", at: 1 }), "completed")
    }))
  test("keep hostile texts and values that are hard to keep", (store) =>
    Effect.gen(function* () {
      for (const [index, text] of hostile.entries()) {
        const made = token(text, { clear: text, path: text, schema: hard as never })
        yield* store.create({ ...created(`${index}`), tokens: [made] })
        yield* store.beat({ hash: text, at: 1, progress: hard as never })
        const found = yield* store.token(text)
        assert.deepStrictEqual([found?.clear, found?.path], [text, text])
        assert.strictEqual(JSON.stringify([found?.schema, found?.progress]), JSON.stringify([hard, hard]))
        yield* store.complete({ ...completion(text, ""), body: hard as never })
        const [letter] = yield* store.letters(`${index}`)
        assert.strictEqual(JSON.stringify([letter?.key, letter?.body]), JSON.stringify([text, hard]))
      }
    }))
  racing(test, driver)
}

/** A completion and an end, asked for at once: one of them counts, and both are told which. */
const race = Effect.fnUntraced(function* (one: Encoded, other: Encoded, hash: string, completesFirst: boolean) {
  const complete = Effect.map(one.complete(completion(hash, "yes")), ({ _tag }): string => _tag)
  const end = Effect.map(other.end({ hash, as: "expired" }), (ended): string => ended)
  const both = completesFirst ? [complete, end] : [end, complete]
  const told = yield* Effect.all(both, { concurrency: "unbounded" })
  const isCompleted = told.includes("Accepted")
  const [completed, ended] = completesFirst ? told : [...told].reverse()
  assert.deepStrictEqual([completed, ended], isCompleted ? ["Accepted", "completed"] : ["Expired", "ended"])
  assert.strictEqual((yield* one.token(hash))?.ended, isCompleted ? "completed" : "expired")
  return isCompleted
})

const racing = (test: Test, { make }: Driver): void => {
  test("have one winner, whichever comes first: a completion or an end", (store) =>
    Effect.gen(function* () {
      const hashes = Array.from({ length: 200 }, (_, index) => `h${index}`)
      yield* holding(store, ...hashes.map((hash) => token(hash)))
      const won = yield* Effect.forEach(hashes, (hash, index) => race(store, store, hash, index % 2 === 0), {
        concurrency: 16
      })
      const completed = hashes.filter((_, index) => won[index])
      assert.sameMembers([...(yield* keysOf(store))], completed)
      assert.isAbove(completed.length, 0)
      assert.isBelow(completed.length, hashes.length)
    }))
  it.scoped("have one winner also among several stores over the same data", () =>
    Effect.gen(function* () {
      const open = yield* make
      const [one, other] = [yield* open, yield* open]
      const hashes = Array.from({ length: 40 }, (_, index) => `h${index}`)
      yield* holding(one, ...hashes.map((hash) => token(hash)))
      const won = yield* Effect.forEach(hashes, (hash, index) => race(one, other, hash, index % 2 === 0))
      assert.sameMembers(
        [...(yield* keysOf(other))],
        hashes.filter((_, index) => won[index])
      )
    })
  )
  test("take one of many completions, and tell the others whether they say the same", (store) =>
    Effect.gen(function* () {
      yield* holding(store, token("h"))
      const said = ["no", "yes", "no", "yes", "perhaps"]
      const told = yield* Effect.forEach(said, (body) => store.complete(completion("h", body)), {
        concurrency: "unbounded"
      })
      const [letter, more] = yield* store.letters("a")
      assert.isUndefined(more)
      assert.lengthOf(
        told.filter(({ _tag }) => _tag === "Accepted"),
        1
      )
      for (const [index, { _tag }] of told.entries()) {
        assert.include(said[index] === letter?.body ? ["Accepted", "Same"] : ["Differs"], _tag)
      }
    }))
  test("complete beside appends that are refused, and beside one that takes the letters", (store) =>
    Effect.gen(function* () {
      yield* holding(store, token("g"), token("h"))
      yield* store.complete(completion("g", "yes"))
      const [letter] = yield* store.letters("a")
      const [refused, taken, told] = yield* Effect.all(
        [
          Effect.either(store.append({ ...request("b", 1, ["1"]), taken: [letter!.id] })),
          Effect.either(store.append({ ...request("a", 1, ["1"]), taken: [letter!.id] })),
          store.complete(completion("h", "yes"))
        ],
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([refused._tag, taken._tag, told._tag], ["Left", "Right", "Accepted"])
      assert.deepStrictEqual(yield* keysOf(store), ["h"])
    }))
}
