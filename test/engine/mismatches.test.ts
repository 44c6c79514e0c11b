import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, memory } from "../support/engines.js"

type Body = () => Generator<Phase.Yielded<string, never>, void, never>

const id = "m1"
const ok = (name: string) => Phase.make(name, Effect.succeed(name))
const no = (name: string) => Phase.make(name, Effect.fail("no"))
const taskOf = (run: Body) => Task.make("t", { error: Schema.String, run })

/** Imports items; of these, the ones that are `broken` fail. Then it fails anyway. */
const importing = <I>(items: ReadonlyArray<I>, options: Phase.ItemBounds<I> = {}, broken?: I): Body =>
  function* () {
    yield* Phase.forEach("files", items, (item) => (item === broken ? no("import") : ok("import")), options)
    yield* no("end")
  }
const keyed = { key: (item: string) => item }

const inItems =
  /No effect ran; give it the items with which it began, .* phase's answer; .* the option `key` of Phase\.forEach\.$/
const inCode = /No effect ran; run the code that wrote the journal, or close the execution with force\.$/

const changes: ReadonlyArray<
  readonly [what: string, before: Body, after: Body, path: string, says: string, remedy: RegExp]
> = [
  [
    "items that changed their order, while they are imported",
    importing(["a.csv", "b.csv"], {}, "b.csv"),
    importing(["b.csv", "a.csv"]),
    "files/0",
    `item "a.csv" was recorded at files/0, the code now has "b.csv" there`,
    inItems
  ],
  [
    "items that changed their order, after they were imported",
    importing(["a.csv", "b.csv"]),
    importing(["b.csv", "a.csv"]),
    "files/0",
    `item "a.csv" was recorded at files/0, the code now has "b.csv" there`,
    inItems
  ],
  [
    "an item that is an object",
    importing([{ n: 1 }]),
    importing([{ n: 2 }]),
    "files/0",
    `item {"n":1} was recorded at files/0, the code now has {"n":2} there`,
    inItems
  ],
  [
    "an item that was no JSON",
    importing([new Map()]),
    importing(["a.csv"]),
    "files/0",
    `the journal has phase "import" here, the code comes to item "a.csv"`,
    inItems
  ],
  [
    "an item that is not there any more",
    importing(["a.csv", "b.csv"]),
    importing(["a.csv"]),
    "files/1",
    `item "b.csv" was recorded at files/1, the code has no such item any more`,
    inItems
  ],
  [
    "a key that is not there any more",
    importing(["a.csv", "b.csv"], keyed, "b.csv"),
    importing(["b.csv"], keyed),
    "files/a.csv",
    `item "a.csv" was recorded at files/a.csv, the code has no such item any more`,
    inItems
  ],
  [
    "a key that was not there",
    importing(["a.csv"], keyed),
    importing(["a.csv", "b.csv"], keyed),
    "files",
    `forEach "files" ended in the journal without item "b.csv", which the code has now`,
    inItems
  ],
  [
    "keys where there were none",
    importing(["a.csv"]),
    importing(["a.csv"], keyed),
    "files/0",
    `item "a.csv" was recorded at files/0, the code has no such item any more`,
    inItems
  ],
  [
    "a branch that is not there any more",
    function* () {
      yield* Phase.all([ok("x"), ok("y"), no("z")], { mode: "settle" })
    },
    function* () {
      yield* Phase.all([ok("x"), no("z")])
    },
    "all/y",
    `branch "y" was recorded at all/y, the code has no such branch any more`,
    inCode
  ],
  [
    "a branch that was not there",
    function* () {
      yield* Phase.all([ok("x")])
      yield* no("end")
    },
    function* () {
      yield* Phase.all([ok("x"), ok("y")])
      yield* no("end")
    },
    "all",
    `all "all" ended in the journal without branch "y", which the code has now`,
    inCode
  ],
  [
    "a node that is not there any more",
    function* () {
      yield* Phase.graph("g", { a: { run: ok("a") }, b: { needs: ["a"], run: no("b") } })
    },
    function* () {
      yield* Phase.graph("g", { b: { run: ok("b") } })
    },
    "g/a",
    `node "a" was recorded at g/a, the code has no such node any more`,
    inCode
  ],
  [
    "a group that returns before",
    function* () {
      yield* Phase.group("g", function* () {
        yield* ok("a")
        yield* no("b")
      })
    },
    function* () {
      yield* Phase.group("g", function* () {
        yield* ok("a")
      })
    },
    "g/b",
    `the journal has phase "b" here, the code comes to its return`,
    inCode
  ]
]

describe("a journal that the code does not fit any more", () => {
  for (const [what, before, after, path, says, remedy] of changes) {
    it.scoped(`is told in the terms of its author: ${what}`, () =>
      Effect.gen(function* () {
        const store = memory()
        const first = yield* engine(store, [taskOf(before)])
        yield* Effect.exit(first.run(taskOf(before).execute({}, { id })))
        yield* first.end
        const { service } = yield* engine(store, [taskOf(after)])
        const length = entries(store, id).length
        const refused = yield* Effect.flip(service.resume(id))
        assert.instanceOf(refused, Errors.HistoryMismatch)
        assert.deepInclude(refused, { path })
        assert.include(refused.message, `${says}. `)
        assert.match(refused.message, remedy)
        const { missing } = yield* service.plan(id, { _tag: "resume" })
        assert.deepStrictEqual(missing, [{ needs: "code", path, message: refused.message }])
        assert.strictEqual(entries(store, id).length, length)
      })
    )
  }

  it.scoped("takes items that are new, as long as their forEach has not ended", () =>
    Effect.gen(function* () {
      const store = memory()
      const first = yield* engine(store)
      const items = ["a.csv", "b.csv"]
      yield* Effect.exit(first.run(taskOf(importing(items, keyed, "b.csv")).execute({}, { id })))
      yield* first.end
      const { service } = yield* engine(store, [taskOf(importing(["c.csv", ...items], keyed))])
      yield* service.resume(id)
      const { failures, phases } = yield* service.settled(id)
      assert.deepStrictEqual(failures, [{ _tag: "Fail", path: "end", error: "no" }])
      assert.includeMembers(
        phases.map(({ path }) => path),
        ["files/c.csv"]
      )
    })
  )
})
