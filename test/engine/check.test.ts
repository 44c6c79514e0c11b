import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Checked } from "../../src/authoring/Checked.js"
import { Phase, Task } from "../../src/index.js"
import type * as MemoryStore from "../../src/store/MemoryStore.js"
import { engine, idle, memory, recorded } from "../support/engines.js"

type Body = () => Generator<Phase.Yielded<string, never>, void, never>
type Options = { readonly revert?: (completed: ReadonlyArray<Task.Completed>) => Generator<never, void, never> }

const id = "c1"
const ok = (name: string) => Phase.make(name, { run: Effect.succeed(name), undo: () => Effect.void })
const no = (name: string) => Phase.make(name, Effect.fail("no"))
const taskOf = (run: Body, options: Options = {}) =>
  Task.make("t", { payload: { n: Schema.Number }, error: Schema.String, run, ...options })

const decode = Schema.decodeUnknownSync(Checked, { onExcessProperty: "error" })

/** What the memory holds once `task` has come to where it stops. */
const left = (...tasks: ReadonlyArray<ReturnType<typeof taskOf>>) =>
  Effect.gen(function* () {
    const store = memory()
    for (const [index, task] of tasks.entries()) {
      const live = yield* engine(store, [task])
      yield* Effect.exit(live.run(task.execute({ n: index }, { id: `c${index + 1}` })))
      yield* idle
      yield* live.end
    }
    return store
  })

/** Everything is checked against this code, by an engine that does nothing by itself. */
const checked = (store: MemoryStore.Memory, task: ReturnType<typeof taskOf> | undefined, options = {}) =>
  Effect.gen(function* () {
    const before = store.writes
    const live = yield* engine(store, task === undefined ? [] : [task], { mode: "passive" })
    const found = [...(yield* Stream.runCollect(live.service.check(options)))]
    yield* live.end
    assert.strictEqual(store.writes, before)
    for (const one of found) decode(JSON.parse(JSON.stringify(one)))
    return found
  })

const first: Body = function* () {
  yield* ok("a")
  yield* Phase.checkpoint("one")
  yield* ok("b")
  yield* Phase.checkpoint("two")
  yield* ok("c")
  yield* no("d")
}

const base = { execution: id, task: "t", version: 1, status: "Failed" }
const marks = { latest: { name: "two", path: "two" }, earliest: { name: "one", path: "one" } }
const one = { latest: marks.earliest, earliest: marks.earliest }

const changes: ReadonlyArray<readonly [what: string, code: Body, found: Partial<Checked>]> = [
  ["the same code", first, { verdict: "fits", reverts: "yes" }],
  [
    "a phase that was inserted",
    function* () {
      yield* ok("a")
      yield* Phase.checkpoint("one")
      yield* ok("new")
      yield* ok("b")
    },
    {
      verdict: "differs",
      path: "b",
      recorded: { path: "b", kind: "phase", name: "b" },
      found: { path: "new", kind: "phase", name: "new" },
      cause: "inserted",
      why:
        'the journal has phase "b" here, the code comes to phase "new". It reads as if phase "new" was inserted before ' +
        'phase "b".',
      ...one,
      reverts: "no"
    }
  ],
  [
    "a phase that was renamed, after a checkpoint",
    function* () {
      yield* ok("a")
      yield* Phase.checkpoint("one")
      yield* ok("b")
      yield* Phase.checkpoint("two")
      yield* ok("new")
      yield* no("d")
    },
    {
      verdict: "differs",
      path: "c",
      recorded: { path: "c", kind: "phase", name: "c" },
      found: { path: "new", kind: "phase", name: "new" },
      cause: "renamed",
      why: 'the journal has phase "c" here, the code comes to phase "new". It reads as if phase "c" was renamed to "new".',
      ...marks,
      reverts: "no"
    }
  ],
  [
    "a value that does not decode any more, before any checkpoint",
    function* () {
      yield* Phase.make("a", { run: Effect.succeed(1), success: Schema.Number })
    },
    {
      verdict: "undecodable",
      path: "a",
      at: "$",
      why: 'the recorded value of a does not decode any more at $: Expected number, actual "a". Run code whose schema reads it.',
      reverts: "no"
    }
  ],
  [
    "no phase at all",
    function* () {
      yield Effect.void as never
    },
    {
      verdict: "differs",
      path: "",
      why: "the task yielded an Effect first: wrap it: yield* Phase.make(name, effect)",
      reverts: "no"
    }
  ]
]

describe("check", () => {
  for (const [what, code, found] of changes) {
    it.scoped(`tells what becomes of an execution: ${what}`, () =>
      Effect.gen(function* () {
        const store = yield* left(taskOf(first))
        assert.deepStrictEqual(yield* checked(store, taskOf(code)), [{ ...base, ...found } as Checked])
      })
    )
  }

  it.scoped("tells that a payload does not decode, and that a task is missing", () =>
    Effect.gen(function* () {
      const store = yield* left(taskOf(first))
      const texts = Task.make("t", { payload: { n: Schema.String }, error: Schema.String, run: first })
      const [payload] = yield* checked(store, texts as never)
      assert.deepInclude(payload, { verdict: "undecodable", path: "", at: "$.n", reverts: "no" })
      assert.deepStrictEqual(yield* checked(store, undefined), [
        { ...base, verdict: "missing", why: "there is no task t of version 1 here", reverts: "no" } as Checked
      ])
    })
  )

  it.scoped("tells of a damaged journal, and goes on with the others", () =>
    Effect.gen(function* () {
      const store = yield* left(taskOf(first), taskOf(first), taskOf(first))
      const { rows } = store.executions.get("c1")!
      rows[3] = { ...rows[3]!, at: -1 }
      store.executions.get("c2")!.rows.splice(2, 1)
      const found = yield* checked(store, taskOf(first))
      assert.deepStrictEqual(
        found.map(({ execution, verdict, why }) => [execution, verdict, why]),
        [
          ["c1", "damaged", "its journal is damaged at entry 3: its content does not match its checksum"],
          ["c2", "damaged", "its journal is damaged at entry 2: expected entry 2, found 3"],
          ["c3", "fits", undefined]
        ]
      )
    })
  )

  it.scoped("looks at what has not ended, unless it is told otherwise, page by page", () =>
    Effect.gen(function* () {
      const store = memory()
      const done = taskOf(function* () {
        yield* ok("a")
      })
      const live = yield* engine(store, [], { mode: "passive" })
      for (let n = 0; n < 1_100; n++) yield* live.run(done.start({ n }, { id: `p${n}` }))
      yield* live.end
      const other = yield* engine(store, [])
      for (const n of [0, 1]) yield* other.run(done.execute({ n }, { id: `p${n}` }))
      yield* other.end
      const found = yield* checked(store, done)
      assert.lengthOf(found, 1_098)
      assert.lengthOf(new Set(found.map(({ execution }) => execution)), 1_098)
      assert.isTrue(found.every(({ reverts, verdict }) => verdict === "fits" && reverts === "yes"))
      const ended = yield* checked(store, done, { filter: { status: ["Completed"], task: "t" } })
      assert.deepStrictEqual(
        ended.map(({ execution }) => execution),
        ["p0", "p1"]
      )
    })
  )

  it.scoped("tells whether a revert would still work: by its own generator, and inside of what has returned", () =>
    Effect.gen(function* () {
      const grouped = (inner: string, last: string): Body =>
        function* () {
          yield* Phase.group("g", function* () {
            yield* ok(inner)
          })
          yield* no(last)
        }
      const store = yield* left(taskOf(grouped("a", "end")))
      const verdicts = (task: ReturnType<typeof taskOf>) =>
        Effect.map(checked(store, task), (found) => found.map(({ reverts, verdict }) => `${verdict} ${reverts}`))
      assert.deepStrictEqual(yield* verdicts(taskOf(grouped("a", "end"))), ["fits yes"])
      assert.deepStrictEqual(yield* verdicts(taskOf(grouped("b", "end"))), ["fits no"])
      assert.deepStrictEqual(yield* verdicts(taskOf(grouped("a", "other"))), ["differs no"])
      assert.deepStrictEqual(yield* verdicts(taskOf(grouped("b", "other"), { *revert() {} })), ["differs yes"])
    })
  )

  it.scoped("tells that a child for which it waits is one of another task", () =>
    Effect.gen(function* () {
      const child = (name: string) =>
        Task.make(name, {
          *run() {
            yield* Phase.sleep("a day", "1 day")
          }
        })
      const calling = (name: string) =>
        taskOf(function* () {
          yield* child(name).phase({}, { name: "call" })
        })
      const store = memory()
      const live = yield* engine(store, [calling("one")])
      yield* live.run(calling("one").start({ n: 1 }, { id }))
      yield* recorded(store, id, "Waiting")
      yield* live.end
      const [same] = yield* checked(store, calling("one"), { filter: { task: "t" } })
      assert.strictEqual(same?.verdict, "fits")
      const [other] = yield* checked(store, calling("two"), { filter: { task: "t" } })
      assert.deepInclude(other, {
        verdict: "differs",
        path: "call",
        recorded: { path: "call", kind: "child", name: "one" },
        found: { path: "call", kind: "child", name: "two" },
        why: "it waits for c1/call, an execution of task one; the code calls task two there"
      })
    })
  )

  it.scoped("tells of what was sent, waits to be taken up, and does not decode any more", () =>
    Effect.gen(function* () {
      const tokens: Array<string> = []
      const asking = (success: Schema.Schema<number> | Schema.Schema<string>, sent = success) =>
        Task.make("t", {
          payload: { n: Schema.Number },
          error: Schema.String,
          *run() {
            const notify = (token: string) => Effect.sync(() => void tokens.push(token))
            yield* Phase.all([
              Phase.delegate("ask", { success: Schema.Struct({ to: success as Schema.Schema<number> }), notify }),
              Phase.signal("more", sent as Schema.Schema<number>),
              Phase.signal("other", Schema.String)
            ])
          }
        })
      const [numbers, texts] = [asking(Schema.Number), asking(Schema.String)]
      const store = memory()
      const live = yield* engine(store, [numbers])
      for (const id of ["c1", "c2", "c3", "c4"]) yield* live.run(numbers.start({ n: 0 }, { id }))
      yield* idle
      yield* live.end
      const { service } = yield* engine(store, [], { mode: "passive" })
      yield* service.complete(tokens[0]!, Exit.succeed({ to: 40 }))
      yield* service.signal("c2", "more", 2)
      yield* service.complete(tokens[2]!, Exit.die(new Error("no")))
      const told = (task: typeof numbers) =>
        Effect.map(checked(store, task), (found) => found.map(({ at, path, verdict }) => [verdict, path, at]))
      const fits = ["fits", undefined, undefined]
      assert.deepStrictEqual(yield* told(numbers), [fits, fits, fits, fits])
      const [first, second] = [
        ["undecodable", "all/ask", "$.to"],
        ["undecodable", "all/more", "$"]
      ]
      assert.deepStrictEqual(yield* told(texts), [first, second, fits, fits])
      const [wrong] = yield* checked(store, texts)
      assert.include(wrong?.why ?? "", "the completion")
      // So it is when it goes on.
      const next = yield* engine(store, [texts])
      yield* idle
      assert.deepInclude((yield* next.service.status("c1")).failures[0], {
        reason: "ValueNotDecodable",
        path: "all/ask"
      })
    })
  )

  it.scoped("does not look behind a stage, unless it is told to", () =>
    Effect.gen(function* () {
      const Page = Task.stage("page", { state: { n: Schema.Number } })
      const paged = (before: string, after: string) =>
        Task.make("t", {
          payload: { n: Schema.Number },
          error: Schema.String,
          stages: [
            Page.body(function* () {
              yield* no(after)
            })
          ],
          *run() {
            yield* ok(before)
            return yield* Page.enter({ n: 1 })
          }
        }) as unknown as ReturnType<typeof taskOf>
      const store = yield* left(paged("a", "b"))
      const verdict = (task: ReturnType<typeof taskOf>, whole: boolean) =>
        Effect.map(checked(store, task, { whole }), ([found]) => `${found?.verdict} ${found?.reverts}`)
      assert.strictEqual(yield* verdict(paged("a", "b"), false), "fits unknown")
      assert.strictEqual(yield* verdict(paged("a", "b"), true), "fits yes")
      assert.strictEqual(yield* verdict(paged("x", "b"), false), "fits unknown")
      assert.strictEqual(yield* verdict(paged("x", "b"), true), "fits no")
      assert.strictEqual(yield* verdict(paged("a", "x"), true), "differs no")
      const [gone] = yield* checked(store, taskOf(first))
      assert.deepInclude(gone, { verdict: "differs", path: "@page#1" })
    })
  )
})
