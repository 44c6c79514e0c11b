import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Listing from "../../src/cli/Listing.js"
import * as Main from "../../src/cli/Main.js"
import * as Page from "../../src/cli/Page.js"
import * as Screen from "../../src/cli/Screen.js"
import * as Showing from "../../src/cli/Showing.js"
import * as Story from "../../src/cli/Story.js"
import * as Text from "../../src/cli/Text.js"
import * as Times from "../../src/cli/Times.js"
import * as Near from "../../src/core/Near.js"
import { device } from "./support/device.js"
import { names, unseen } from "./support/hostile.js"
import { seen } from "./support/seen.js"

describe("hostile names and values", () => {
  it("are shown without a character that a terminal obeys or hides, within its columns", () => {
    assert.lengthOf(names, 100)
    for (const name of names) {
      const one = seen(name)
      const row = { ...one.row, id: name, task: name }
      for (const columns of [30, 60, 120, undefined]) {
        const viewer = { now: 5, terminal: columns !== undefined }
        const listing = Listing.page([Listing.listed(row, one.seen.entries)], viewer)
        for (const page of [listing, Showing.page(one.seen, viewer), Story.page(one.seen.entries, viewer)]) {
          for (const text of Page.lines(page, { columns, colours: false })) {
            assert.notMatch(text.replaceAll("\t", ""), unseen, JSON.stringify(name))
            if (columns !== undefined) assert.isAtMost(Text.width(text), columns, text)
          }
        }
      }
    }
  })

  it("come back from JSON as they were, in visible characters alone", () => {
    for (const name of names) {
      const line = Screen.json({ [name]: name })
      assert.deepStrictEqual(JSON.parse(line), { [name]: name })
      assert.notMatch(line.slice(0, -1), unseen)
    }
  })

  it.effect("are no verb and no option, and the complaint is one or two lines", () =>
    Effect.gen(function* () {
      // A `--` ends the options, and is nothing itself.
      for (const name of names.filter((one) => one !== "--")) {
        const { kept, made } = device(80)
        const args = name.startsWith("-") ? ["ls", "--", name] : [name]
        const code = yield* Effect.provideService(Main.run(args, "1.2.3"), Screen.Screen, made)
        assert.strictEqual(code, 2, name)
        assert.strictEqual(kept.out, "")
        assert.notMatch(kept.err.replaceAll("\n", ""), unseen)
      }
    })
  )
})

describe("arguments", () => {
  it.effect("before the verb are those after it, and what the library would ask is refused", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, number, RegExp]> = [
        [["--db", "/no/where.db", "ls", "--limit", "1"], 4, /\/no\/where\.db/],
        [["--json", "show", "--db", "/no/where.db", "x"], 4, /\/no\/where\.db/],
        [["ls", "--wizard"], 2, /asks nothing/],
        [["--log-level", "debug", "ls"], 2, /keeps no log/],
        [["--version"], 0, /^$/],
        [["--completions", "bash"], 0, /^$/],
        [["--status", "failed"], 2, /say what to do/]
      ]
      for (const [args, code, said] of cases) {
        const { kept, made } = device(80)
        assert.strictEqual(
          yield* Effect.provideService(Main.run(args, "1.2.3"), Screen.Screen, made),
          code,
          args.join(" ")
        )
        assert.match(kept.err, said)
      }
    })
  )
})

describe("texts", () => {
  it("are cut and wrapped by the columns that they take", () => {
    assert.strictEqual(Text.width("日本"), 4)
    assert.strictEqual(Text.width("e\u0301"), 1)
    assert.strictEqual(Text.cut("日本語", 5), "日本…")
    assert.strictEqual(Text.cut("abc", 3), "abc")
    const wrapped = Page.lines([Page.flow(2, "one two three four ", { text: "five" })], { columns: 10, colours: false })
    assert.deepStrictEqual(wrapped, ["one two", "  three", "  four", "  five"])
  })

  it("have colours only where they are asked for", () => {
    const page = [Page.line({ text: "a\u001b[31m", tone: "good" })]
    assert.strictEqual(Page.render(page, { columns: 80, colours: false }), "a\\u{1b}[31m\n")
    assert.strictEqual(Page.render(page, { columns: 80, colours: true }), "\u001b[32ma\\u{1b}[31m\u001b[0m\n")
  })

  it("tell spans of time in their two largest units", () => {
    const told: ReadonlyArray<readonly [number, string]> = [
      [0, "0ms"],
      [999, "999ms"],
      [1_234, "1.2s"],
      [9_999, "9.9s"],
      [61_000, "1m 1s"],
      [3_600_000, "1h"],
      [90_000_000, "1d 1h"]
    ]
    for (const [millis, text] of told) assert.strictEqual(Times.span(millis), text)
    assert.strictEqual(Times.away(1_000, 62_000), "1m ago")
    assert.strictEqual(Times.away(62_000, 1_000), "in 1m")
  })

  it("that are near to what somebody wrote are found, the nearest first", () => {
    const ids = ["order-1", "order-12", "invoice-1", "Order-1"]
    assert.deepStrictEqual(Near.misses("order-1", ids), ["order-1", "Order-1", "order-12"])
    assert.deepStrictEqual(Near.misses("ordr-12", ids), ["order-12", "order-1", "Order-1"])
    assert.deepStrictEqual(Near.misses("zzz", ids), [])
  })
})
