/** Bodies that are replayed once what was before a checkpoint of theirs is discarded. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import * as Retry from "../../src/authoring/Retry.js"
import type { Entry } from "../../src/core/Entry.js"
import { blockedAt, cursorOf, one } from "../support/cursors.js"
import { fail, failed, running, start, succeed } from "../support/journal.js"

const inside = (scope: string, name: string, rest: Parameters<typeof start>[1] = {}): Entry =>
  start(`${scope}/${name}`, { name, scope, ...rest })
const mark: ReadonlyArray<Entry> = [start("mark", { kind: "checkpoint" }), succeed("mark")]
const gaveUp = (path: string, of: string): Entry => ({
  ...{ _tag: "Decided", path, attempt: 1, failures: [failed(of, 7)], decision: "giveUp" }
})
const failing = Phase.make("z", { run: Effect.fail(7), error: Schema.Number })

describe("a body of which a part is discarded", () => {
  for (const [what, group, decided] of [
    ["a group", () => Phase.group("g", () => tried(), { retry: Retry.times(1) }), "l/g"],
    ["a checkpoint", () => Phase.group("g", () => marked()), "l/g/m"]
  ] as const) {
    it(`is answered as before where the strategy of ${what} gave up`, () => {
      const body = function* () {
        const l = yield* Phase.either(Phase.all([group(), one("beside")], { name: "l" }))
        yield* Phase.checkpoint("mark")
        yield* one(Either.isLeft(l) ? `failed with ${JSON.stringify(l.left)}` : "fine")
      }
      const entries: ReadonlyArray<Entry> = [
        start("l", { kind: "all", capture: "either" }),
        inside("l", "g", { kind: "group" }),
        inside("l", "beside"),
        ...(decided === "l/g" ? [] : [inside("l/g", "m", { kind: "checkpoint" }), succeed("l/g/m")]),
        inside("l/g", "z"),
        fail("l/g/z", failed("l/g/z", 7)),
        gaveUp(decided, "l/g/z"),
        { _tag: "PhaseInterrupted", path: "l/beside", attempt: 1 },
        inside("l/g/close", "c"),
        succeed("l/g/close/c"),
        fail("l", failed("l/g/z", 7)),
        ...mark
      ]
      const journal = running().add(...entries)
      const live = cursorOf(body)
      assert.strictEqual(blockedAt(live.advance(journal.history)), "failed with 7")
      journal.discard("mark")
      assert.strictEqual(blockedAt(live.advance(journal.history)), "failed with 7")
      assert.strictEqual(blockedAt(cursorOf(body).advance(journal.loaded)), "failed with 7")
    })
  }

  const tried = function* () {
    try {
      yield* failing
    } finally {
      yield* one("c")
    }
  }

  const marked = function* () {
    yield* Phase.checkpoint("m", { retry: Retry.times(1) })
    yield* tried()
  }

  it("enters no group that has returned, and asks no checkpoint that was discarded with what was before", () => {
    let entered = 0
    const body = function* () {
      yield* Phase.checkpoint("first", { retry: Retry.times(2) })
      yield* Phase.group("g", function* () {
        entered++
        yield* one("a")
      })
      yield* Phase.checkpoint("mark")
      yield* one("z")
    }
    const journal = running().add(
      start("first", { kind: "checkpoint" }),
      succeed("first"),
      start("g", { kind: "group" }),
      inside("g", "a"),
      succeed("g/a"),
      succeed("g"),
      ...mark,
      start("z"),
      fail("z")
    )
    const stands = () => {
      const step = cursorOf(body, { deep: true }).advance(journal.loaded)
      return step._tag === "Blocked" ? step.consequences.map(({ _tag }) => _tag) : step._tag
    }
    assert.deepStrictEqual(stands(), ["Undecided"])
    assert.strictEqual(entered, 1)
    journal.discard("mark")
    assert.strictEqual(stands(), "Stuck")
    assert.strictEqual(entered, 1)
  })
})
