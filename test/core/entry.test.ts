import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import * as Entry from "../../src/core/Entry.js"
import { JsonValue } from "../../src/core/Failure.js"
import * as Json from "../../src/core/Json.js"
import { failed } from "../support/journal.js"
import "../support/seeded.js"

const decode = Schema.decodeUnknownSync(Entry.Entry)
const encode = Schema.encodeSync(Entry.Entry)

describe("an entry", () => {
  it.prop(
    "comes back equal from its JSON text",
    { entry: Arbitrary.make(Entry.Entry) },
    ({ entry }) => {
      const text = JSON.stringify(encode(entry))
      assert.isTrue(Json.equal(JSON.parse(JSON.stringify(encode(decode(JSON.parse(text))))), JSON.parse(text)))
      assert.isTrue(Json.equal(decode(JSON.parse(text)) as never, entry as never))
    },
    { fastCheck: { numRuns: 500 } }
  )

  it.prop("is plain JSON", { entry: Arbitrary.make(Entry.Entry) }, ({ entry }) => {
    const holdsNoNegativeZero = !JSON.stringify(entry, (_, value) => (Object.is(value, -0) ? "-0" : value)).includes(
      `"-0"`
    )
    if (holdsNoNegativeZero) assert.isTrue(Json.is(entry), JSON.stringify(entry))
  })

  it("is one of those that the table of statuses knows", () => {
    const tags = Entry.Entry.members.map((member) => member.fields._tag.ast)
    assert.lengthOf(tags, Object.keys(Entry.leadsTo).length)
    for (const entry of FastCheck.sample(Arbitrary.make(Entry.Entry), 200)) assert.property(Entry.leadsTo, entry._tag)
  })

  it("refuses what is no entry", () => {
    const refused = [
      {},
      { _tag: "Started" },
      { _tag: "Claimed", owner: 1, crashed: false },
      { _tag: "Failed", failures: [] },
      { _tag: "PhaseStarted", path: "a", name: "a", kind: "other" },
      { _tag: "PhaseSucceeded", path: "a", value: new Date(0) },
      { _tag: "AttemptFailed", path: "a", attempt: 1, failure: { _tag: "Timeout", path: "a" }, delay: Infinity }
    ]
    for (const value of refused) assert.throws(() => decode(value))
  })
})

describe("a recorded value", () => {
  it.prop("is plain JSON", { value: JsonValue }, ({ value }) => assert.isTrue(Json.is(value)))
})

describe("the act in an entry", () => {
  it("is what somebody asked for, and nothing of what the engine does by itself", () => {
    const act = { by: "ann" }
    assert.deepStrictEqual(Entry.actIn({ _tag: "Resumed", act: {} }), {})
    assert.deepStrictEqual(Entry.actIn({ _tag: "PhaseSucceeded", path: "a", act }), act)
    assert.isUndefined(Entry.actIn({ _tag: "PhaseSucceeded", path: "a" }))
    assert.deepStrictEqual(Entry.actIn({ _tag: "PauseRequested", act }), act)
    assert.isUndefined(Entry.actIn({ _tag: "PauseRequested", act: {}, at: "mark" }))
    assert.deepStrictEqual(Entry.actIn({ _tag: "RevertStarted", n: 1, failures: [], act: {} }), {})
    assert.deepStrictEqual(Entry.actIn({ _tag: "RevertStarted", n: 1, failures: [failed("a")], act }), act)
    assert.isUndefined(Entry.actIn({ _tag: "RevertStarted", n: 1, failures: [failed("a")], act: {} }))
    assert.isUndefined(Entry.actIn({ _tag: "Paused" }))
  })
})
