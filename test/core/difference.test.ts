import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import { plain } from "../../src/authoring/Recordable.js"
import { stage } from "../../src/authoring/Stage.js"
import * as Interpreter from "../../src/core/Interpreter.js"
import { type Cause, causes } from "../../src/core/Step.js"
import { one } from "../support/cursors.js"
import { done, type Journal, running, start, succeed } from "../support/journal.js"

const mark = (name: string) => Phase.checkpoint(name)
const Page = stage("page", { state: {} })

/** What was answered decides what is done with it. */
const word = (text: unknown): string => {
  if (typeof text !== "string") throw new Error(`${text} is no word`)
  return text
}

const ended = () => running().add(...done("a", "a"), ...done("b", "b"), ...done("c", "c"))
const standing = () => running().add(...done("a", "a"), ...done("b", "b"), start("c"))

type Body = () => Generator<unknown, unknown>

const body = (...names: ReadonlyArray<string>): Body =>
  function* () {
    for (const name of names) {
      if (name.startsWith("@")) yield* mark(name.slice(1))
      else word(yield* one(name))
    }
  }

const endless: Body = function* () {
  yield* one("a")
  yield* one("x")
  for (;;);
}

const rows: ReadonlyArray<readonly [what: string, code: Body, written: () => Journal, cause: Cause, guess?: Cause]> = [
  ["a phase before the others", body("new", "a", "b", "c"), ended, "inserted", "renamed"],
  ["a phase between two", body("a", "new", "b", "c"), ended, "inserted", "renamed"],
  ["one more round", body("a", "a", "b", "c"), ended, "inserted", "renamed"],
  [
    "a checkpoint",
    function* () {
      yield* one("a")
      yield* mark("new")
      yield* one("b")
    },
    ended,
    "inserted"
  ],
  ["a checkpoint, and another way from there", body("a", "@new", "d"), ended, "branch", "inserted"],
  ["a phase that is not there", body("a", "c"), ended, "removed"],
  ["a phase that is not there, and then the end", body("a", "c"), standing, "removed"],
  ["two that are not there", body("c"), ended, "removed"],
  ["the last one that is not there", body("a", "b"), ended, "removed"],
  ["another name", body("a", "new", "c"), ended, "renamed"],
  ["another name of the last one", body("a", "b", "new"), ended, "renamed"],
  ["another name of one that has no outcome", body("a", "b", "new", "d"), standing, "renamed"],
  ["two that changed places", body("b", "a", "c"), ended, "swapped", "removed"],
  ["one that came from further away", body("c", "a", "b"), ended, "swapped", "removed"],
  ["another way", body("a", "x", "y"), ended, "branch", "renamed"],
  ["another way that comes to what was recorded", body("b", "x"), ended, "branch", "removed"],
  ["a checkpoint in its place", body("a", "@new", "c"), ended, "branch", "inserted"],
  [
    "another kind of the same name",
    function* () {
      yield* one("a")
      yield* mark("b")
    },
    ended,
    "kind"
  ],
  [
    "a throw",
    function* () {
      yield* one("a")
      throw new Error("no")
    },
    ended,
    "branch"
  ],
  [
    "a new name for every round",
    function* () {
      for (const _ of "123") yield* one("x")
    },
    () => running().add(...["a", "a#2", "a#3"].flatMap((path) => [start(path, { name: "a" }), succeed(path, "a")])),
    "renamed"
  ],
  [
    "another name, and then a stage",
    function* () {
      yield* one("a")
      yield* one("new")
      yield* Page.enter({})
    },
    ended,
    "renamed"
  ],
  ["what never comes back", endless, ended, "renamed"]
]

/** As the engine has it, but for what never comes back. */
const look = (turn: () => void): void => {
  try {
    turn()
  } catch {
    // It led nowhere.
  }
}

const causeOf = (code: Body, written: Journal, looks: boolean) => {
  const options = { start: code, scope: "", error: plain }
  const step = Interpreter.make(looks ? { ...options, look } : options).advance(written.history)
  return step._tag === "Mismatch" ? step.cause : step._tag
}

describe("the nearest cause of a difference", () => {
  for (const [what, code, written, cause, guess] of rows) {
    it(`is known of ${what}: ${cause}`, () => {
      if (code !== endless) assert.strictEqual(causeOf(code, written(), true), cause)
      assert.strictEqual(causeOf(code, written(), false), guess ?? cause)
    })
  }

  it("is one of those that are known, each of which has a row; but for other items", () => {
    const shown = new Set<Cause>(rows.flatMap(([, , , cause, guess = cause]) => [cause, guess]))
    assert.sameMembers([...shown, "items"], [...causes])
  })

  it("is found without a value that would not decode", () => {
    const code: Body = function* () {
      yield* Phase.make("new", { run: Effect.succeed(1), success: Schema.Number })
      yield* one("a")
    }
    assert.strictEqual(causeOf(code, ended(), true), "inserted")
  })
})
