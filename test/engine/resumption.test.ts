/** What lets an execution go on, and with what: Mistral's cases of resuming, rerunning and going on with a value. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Errors, Phase, Task } from "../../src/index.js"
import { asked, type Engine, engine, entries, logbook, memory, tags } from "../support/engines.js"

type Log = ReturnType<typeof logbook>
type Action = Parameters<Engine["service"]["plan"]>[1]

/** Does what is written of it, or fails as long as that says so. */
const acts = (log: Log, name: string, broken: ReadonlySet<string>) =>
  Phase.make(name, {
    success: Schema.String,
    run: Effect.suspend(() =>
      broken.has(name) ? Effect.fail(`${name} fails`) : Effect.as(log.note(name), `${name} done`)
    ),
    undo: () => log.note(`undo ${name}`)
  })

/** Begins with its payload, then does three things beside each other. */
const fanning = (log: Log, broken: ReadonlySet<string>, mode: "stop" | "settle" = "settle") =>
  Task.make("fanning", {
    payload: { greeting: Schema.String, times: Schema.optional(Schema.Number) },
    error: Schema.String,
    success: Schema.Unknown,
    *run({ greeting }) {
      yield* Phase.make("first", { run: log.note(`first ${greeting}`), undo: () => log.note(`undo first ${greeting}`) })
      const parts = yield* Phase.all([acts(log, "a", broken), acts(log, "b", broken), acts(log, "c", broken)], { mode })
      yield* Phase.make("last", log.note(`last ${greeting}`))
      return parts
    }
  })

const started = (broken: ReadonlySet<string>, mode: "stop" | "settle" = "settle") =>
  Effect.gen(function* () {
    const log = logbook()
    const store = memory()
    const task = fanning(log, broken, mode)
    const one = yield* engine(store, [task])
    yield* Effect.flip(one.run(task.execute({ greeting: "hi" }, { id: "x" })))
    return { ...one, log, store, task }
  })

const refusal = <A, E>(effect: Effect.Effect<A, E>) => Effect.map(Effect.flip(effect), (error) => error as Error & E)

/** The plan lists what the act is refused with, and neither writes anything. */
const refusedAlike = (
  one: Engine & { readonly store: ReturnType<typeof memory> },
  action: Action,
  act: Effect.Effect<unknown, unknown>
) =>
  Effect.gen(function* () {
    const before = JSON.stringify(entries(one.store, "x"))
    const { missing } = yield* one.service.plan("x", action)
    const refused = yield* refusal(act)
    assert.strictEqual(JSON.stringify(entries(one.store, "x")), before)
    assert.isAbove(missing.length, 0)
    if (refused instanceof Errors.RequirementsMissing) assert.deepStrictEqual([...refused.missing], [...missing])
    else
      assert.deepStrictEqual(
        missing.map(({ message }) => message),
        [refused.message]
      )
    return { missing, refused }
  })

describe("an amended payload", () => {
  it.scoped("is what the task goes on with; what is recorded keeps its values, and earlier attempts stay visible", () =>
    Effect.gen(function* () {
      const broken = new Set(["b"])
      const { log, run, service, store, task } = yield* started(broken)
      broken.clear()
      const payload = { greeting: "hello" }
      const plan = yield* service.plan("x", { _tag: "resume", payload, amend: "undo-too" })
      assert.deepStrictEqual(
        plan.amended.map(({ path }) => path),
        ["all/c", "all/a", "first"]
      )
      yield* service.resume("x", { payload, amend: "undo-too", by: "ann", reason: "typo" })
      const status = yield* service.settled("x")
      assert.deepStrictEqual([status.status, status.payload], ["Completed", payload])
      assert.deepStrictEqual(log.lines, ["first hi", "a", "c", "b", "last hello"])
      const told = entries(store, "x")
      assert.deepInclude(
        told.find((entry) => entry._tag === "Resumed"),
        { payload, act: { by: "ann", reason: "typo" } }
      )
      assert.deepInclude(told[0], { _tag: "Created", payload: { greeting: "hi" } })
      assert.isTrue(told.some((entry) => entry._tag === "PhaseFailed" && entry.path === "all/b"))
      // Whoever asks for it as it was created, or as it is now, means it.
      for (const given of [payload, { greeting: "hi" }]) yield* run(task.execute(given, { id: "x" }))
      yield* service.revert("x")
      assert.strictEqual(log.lines.at(-1), "undo first hello")
    })
  )

  it.scoped("needs consent where undos would see it; one that does not decode is refused, with its path", () =>
    Effect.gen(function* () {
      const one = yield* started(new Set(["b"]))
      const payload = { greeting: "hello" }
      const consent = yield* refusedAlike(one, { _tag: "resume", payload }, one.service.resume("x", { payload }))
      assert.deepInclude(consent.missing[0], { needs: "consent", paths: ["all/c", "all/a", "first"] })
      const wrong = { greeting: 7 }
      const undecoded = yield* refusedAlike(
        one,
        { _tag: "resume", payload: wrong },
        one.service.resume("x", { payload: wrong })
      )
      assert.deepInclude(undecoded.missing[0], { needs: "payload", at: "$.greeting" })
    })
  )

  it.scoped("with which the replay no longer fits is refused with the first difference", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = Task.make("t", {
        payload: { names: Schema.Array(Schema.String) },
        error: Schema.String,
        *run({ names }) {
          for (const name of names) yield* Phase.make(name, name === "x" ? Effect.fail("no") : log.note(name))
        }
      })
      const one = { ...(yield* engine(store, [task])), store }
      yield* Effect.flip(one.run(task.execute({ names: ["a", "b", "x"] }, { id: "x" })))
      const payload = { names: ["a", "c", "x"] }
      const { refused } = yield* refusedAlike(one, { _tag: "resume", payload }, one.service.resume("x", { payload }))
      assert.instanceOf(refused, Errors.HistoryMismatch)
      assert.deepInclude(refused, { path: "b" })
      yield* one.service.resume("x", { payload: { names: ["a", "b", "x"] } })
      assert.strictEqual((yield* one.service.settled("x")).status, "Failed")
      // The failed phase is of the journal too: what stands there has to be the same.
      assert.instanceOf(
        yield* refusal(one.service.resume("x", { payload: { names: ["a", "b"] } })),
        Errors.HistoryMismatch
      )
    })
  )

  it.scoped("outlives stages and processes", () =>
    Effect.gen(function* () {
      const store = memory()
      const Next = Task.stage("next", { state: { n: Schema.Number } })
      const fixed = { current: false }
      const fails = () =>
        Phase.make(
          "f",
          Effect.suspend(() => (fixed.current ? Effect.void : Effect.fail("no")))
        )
      const task = Task.make("t", {
        payload: { n: Schema.Number },
        error: Schema.String,
        stages: [
          Next.body(function* () {
            yield* fails()
          })
        ],
        *run({ n }) {
          yield* fails()
          return yield* Next.enter({ n })
        }
      })
      const one = { ...(yield* engine(store, [task])), store }
      yield* Effect.flip(one.run(task.execute({ n: 1 }, { id: "x" })))
      fixed.current = true
      yield* one.service.resume("x", { payload: { n: 2 } })
      const status = yield* one.service.settled("x")
      assert.deepStrictEqual([status.payload, status.stage?.state, status.status], [{ n: 2 }, { n: 2 }, "Completed"])
      yield* one.end
      const two = { ...(yield* engine(store, [task])), store }
      assert.deepStrictEqual((yield* two.service.status("x")).payload, { n: 2 })
      yield* two.service.revert("x")
    })
  )

  it.scoped("is nothing that a stage looks at", () =>
    Effect.gen(function* () {
      const store = memory()
      const Next = Task.stage("next", { state: { n: Schema.Number } })
      const task = Task.make("t", {
        payload: { n: Schema.Number },
        error: Schema.String,
        stages: [
          Next.body(function* () {
            yield* Phase.make("f", Effect.asVoid(Effect.fail("no")))
          })
        ],
        *run({ n }) {
          return yield* Next.enter({ n })
        }
      })
      const one = { ...(yield* engine(store, [task])), store }
      yield* Effect.flip(one.run(task.execute({ n: 1 }, { id: "x" })))
      const payload = { n: 2 }
      const { missing } = yield* refusedAlike(one, { _tag: "resume", payload }, one.service.resume("x", { payload }))
      assert.match(missing[0]!.message, /it is in stage next/)
    })
  )
})

describe("values for phases that failed", () => {
  it.scoped("skip them, several at once; the rest goes on", () =>
    Effect.gen(function* () {
      const { log, service, store } = yield* started(new Set(["a", "c"]))
      const values = { "all/a": "A", "all/c": "C" }
      const plan = yield* service.plan("x", { _tag: "resume", values })
      assert.deepStrictEqual(
        plan.steps.map(({ does, path }) => `${does} ${path}`),
        ["replay first", "skip all/a", "replay all/b", "skip all/c", "run last"]
      )
      yield* service.resume("x", { values, by: "ann" })
      const { result, status } = yield* service.settled("x")
      assert.deepStrictEqual([status, result], ["Completed", ["A", "b done", "C"]])
      assert.deepStrictEqual(log.lines, ["first hi", "b", "last hi"])
      const skips = entries(store, "x").filter((entry) => entry._tag === "PhaseSucceeded" && entry.act !== undefined)
      assert.lengthOf(skips, 2)
    })
  )

  it.scoped("are taken all together or not at all: each that is missing or does not fit is listed", () =>
    Effect.gen(function* () {
      const one = yield* started(new Set(["a", "c"]))
      const values = { "all/a": 1, "all/b": "x", "all/e": "y", "all/c": "C" }
      const { missing } = yield* refusedAlike(one, { _tag: "resume", values }, one.service.resume("x", { values }))
      assert.deepStrictEqual(
        missing.map(({ needs }) => needs),
        ["value", "phase", "phase"]
      )
      assert.include(missing[1]!.message, "it has happened")
      assert.match(missing[2]!.message, /did you mean all\/\w/)
    })
  )

  it.scoped("may be null where nothing is answered, and are found whatever a phase is called", () =>
    Effect.gen(function* () {
      const store = memory()
      const often = { inbox: "100 millis", standby: "100 millis" } as const
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.make("__proto__", Effect.asVoid(Effect.fail("no")))
        }
      })
      const owner = yield* engine(store, [task], often)
      yield* Effect.flip(owner.run(task.execute({}, { id: "x" })))
      const client = yield* engine(store, [], often)
      const values = JSON.parse('{ "__proto__": null }')
      yield* asked(client.service.resume("x", { values }))
      assert.strictEqual((yield* owner.service.settled("x")).status, "Completed")
    })
  )
})

describe("a value for a phase that was left because it failed", () => {
  it.scoped("is refused, with what to do instead", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.race({
            lost: Phase.make("lost", Effect.asVoid(Effect.fail("no"))),
            slow: Phase.group("slow", function* () {
              yield* Phase.make("done", { run: Effect.void, undo: () => Effect.fail("stays") })
              yield* Phase.make("hangs", { run: Effect.never as Effect.Effect<void>, undoUnknown: () => Effect.void })
            }),
            won: Phase.make("won", Effect.repeatN(Effect.yieldNow(), 200))
          })
        }
      })
      const one = { ...(yield* engine(store, [task])), store }
      yield* Effect.flip(one.run(task.execute({}, { id: "x" })))
      assert.match(yield* Effect.map(one.service.status("x"), ({ position }) => position), /undo/)
      const action = { _tag: "skip", phase: "race/lost" } as const
      const { refused } = yield* refusedAlike(one, action, one.service.skip("x", "race/lost"))
      assert.match(refused.message, /what it is in was left because it failed/)
    })
  )
})

describe("several branches that failed", () => {
  it.scoped("are each resumed, skipped or left, and the plan says which remain", () =>
    Effect.gen(function* () {
      const broken = new Set(["a", "b", "c"])
      const { log, service } = yield* started(broken)
      broken.clear()
      const action = { _tag: "resume", from: "all/a", values: { "all/c": "C" } } as const
      const plan = yield* service.plan("x", action)
      assert.deepStrictEqual(plan.remaining, [{ path: "all/b", name: "b" }])
      assert.deepStrictEqual(
        plan.steps.map(({ does, path }) => `${does} ${path}`),
        ["replay first", "skip all/c", "run all/a"]
      )
      yield* service.resume("x", { from: action.from, values: action.values })
      const { failures, status } = yield* service.settled("x")
      assert.deepStrictEqual([status, failures.map(({ path }) => path)], ["Failed", ["all/b"]])
      assert.deepStrictEqual(log.lines, ["first hi", "a"])
      yield* service.resume("x")
      assert.deepStrictEqual((yield* service.settled("x")).result, ["a done", "b done", "C"])
    })
  )

  it.scoped("cannot be left where one of them ends everything", () =>
    Effect.gen(function* () {
      const store = memory()
      const fails = (name: string) => Phase.make(name, Effect.zipRight(Effect.yieldNow(), Effect.fail("no")))
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([fails("a"), fails("b")])
        }
      })
      const one = { ...(yield* engine(store, [task])), store }
      yield* Effect.flip(one.run(task.execute({}, { id: "x" })))
      const failed = (yield* one.service.status("x")).phases.filter(({ state }) => state === "failed")
      if (failed.length < 2) return
      const { missing } = yield* refusedAlike(
        one,
        { _tag: "resume", from: "all/a" },
        one.service.resume("x", { from: "all/a" })
      )
      assert.deepInclude(missing[0], { needs: "phase", path: "all/b" })
    })
  )

  it.scoped("go on from a phase that has happened no more: that points to going back", () =>
    Effect.gen(function* () {
      const one = yield* started(new Set(["b"]))
      const { refused } = yield* refusedAlike(
        one,
        { _tag: "resume", from: "first" },
        one.service.resume("x", { from: "first" })
      )
      assert.instanceOf(refused, Errors.PhaseNotOpen)
      assert.match(refused.message, /cannot be resumed: it has happened.*goTo, or revert/)
    })
  )

  it.scoped("name the nearest checkpoint before such a phase to which anybody can go back", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.checkpoint("begun")
          yield* Phase.make("one", Effect.void)
          yield* Phase.checkpoint("paid", { commit: true })
          yield* Phase.make("two", Effect.void)
          yield* Phase.checkpoint("packed")
          yield* Phase.make("three", Effect.void)
          yield* Phase.make("four", Effect.asVoid(Effect.fail("no")))
        }
      })
      const one = { ...(yield* engine(store, [task])), store }
      yield* Effect.flip(one.run(task.execute({}, { id: "x" })))
      for (const [phase, back] of [
        ["one", undefined],
        ["two", "paid"],
        ["three", "packed"]
      ] as const) {
        for (const act of [one.service.resume("x", { from: phase }), one.service.skip("x", phase)]) {
          const refused = yield* refusal(act)
          assert.deepStrictEqual("back" in refused ? refused.back : undefined, back, refused.message)
        }
        assert.deepStrictEqual(
          (yield* one.service.plan("x", { _tag: "skip", phase })).missing.map(({ needs }) => needs),
          ["phase"]
        )
      }
      assert.strictEqual((yield* one.service.goTo("x", "packed")).status, "Paused")
    })
  )
})

describe("rerun", () => {
  const importing = (log: Log, repaired: ReadonlySet<string>) =>
    Task.make("importing", {
      error: Schema.String,
      success: Schema.Unknown,
      *run() {
        const files = [{ file: "a.csv" }, { file: "b.csv" }, { file: "c.csv" }]
        return yield* Phase.forEach(
          "files",
          files,
          ({ file }) =>
            Phase.make("import", {
              success: Schema.String,
              run: Effect.suspend(() =>
                file === "a.csv" || repaired.has(file) ? Effect.as(log.note(file), file) : Effect.fail(`${file}?`)
              )
            }),
          { key: ({ file }) => file, mode: "settle" }
        )
      }
    })

  const imported = (repaired: ReadonlySet<string>) =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = importing(log, repaired)
      const one = yield* engine(store, [task])
      yield* Effect.flip(one.run(task.execute({}, { id: "x" })))
      return { ...one, log, store }
    })

  it.scoped("runs all items again that failed", () =>
    Effect.gen(function* () {
      const repaired = new Set<string>()
      const { log, service } = yield* imported(repaired)
      repaired.add("b.csv").add("c.csv")
      const plan = yield* service.plan("x", { _tag: "rerun" })
      assert.deepStrictEqual(
        plan.steps.map(({ does, path }) => `${does} ${path}`),
        ["replay files/a.csv", "run files/b.csv"]
      )
      yield* service.rerun("x")
      assert.strictEqual((yield* service.settled("x")).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a.csv", "b.csv", "c.csv"])
    })
  )

  it.scoped("runs the named ones, with other inputs, also in later processes", () =>
    Effect.gen(function* () {
      const repaired = new Set(["b2.csv"])
      const one = yield* imported(repaired)
      const items = [{ item: "b.csv", input: { file: "b2.csv" } }]
      assert.deepStrictEqual((yield* one.service.plan("x", { _tag: "rerun", items })).remaining, [
        { path: "files/c.csv", name: "import" }
      ])
      yield* one.service.rerun("x", { items, by: "ann" })
      assert.strictEqual((yield* one.service.settled("x")).status, "Failed")
      assert.deepStrictEqual(one.log.lines, ["a.csv", "b2.csv"])
      yield* one.end
      repaired.add("c.csv")
      const two = yield* engine(one.store, [importing(one.log, repaired)])
      yield* two.service.rerun("x", { items: ["files/c.csv"] })
      assert.deepStrictEqual((yield* two.service.settled("x")).result, ["a.csv", "b2.csv", "c.csv"])
    })
  )

  it.scoped("says which items there are, where none is called so or none has failed", () =>
    Effect.gen(function* () {
      const one = yield* imported(new Set())
      const items = ["b.csw", "a.csv", "zebra"]
      const { missing } = yield* refusedAlike(one, { _tag: "rerun", items }, one.service.rerun("x", { items }))
      assert.match(missing[0]!.message, /did you mean.*b\.csv/)
      assert.match(missing[1]!.message, /it has happened/)
      assert.match(missing[2]!.message, /those that failed are files\/b\.csv, files\/c\.csv/)
      const other = yield* started(new Set(["b"]))
      const { refused } = yield* refusedAlike(other, { _tag: "rerun" }, other.service.rerun("x"))
      assert.match(refused.message, /no item of a forEach has failed/)
    })
  )

  it.scoped("of an item of several phases needs consent where their undos would see the new input", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.forEach("each", ["x", "y"], (item) =>
            Phase.group("part", function* () {
              yield* Phase.make("begin", { run: log.note(`begin ${item}`), undo: () => log.note(`undo ${item}`) })
              yield* Phase.make("end", item === "x" ? Effect.asVoid(Effect.fail("no")) : log.note(`end ${item}`))
            })
          )
        }
      })
      const one = { ...(yield* engine(store, [task])), store }
      yield* Effect.flip(one.run(task.execute({}, { id: "x" })))
      const items = [{ item: "0", input: "z" }]
      const { missing } = yield* refusedAlike(one, { _tag: "rerun", items }, one.service.rerun("x", { items }))
      assert.deepInclude(missing[0], { needs: "consent", paths: ["each/0/begin"] })
      yield* one.service.rerun("x", { items, amend: "undo-too" })
      assert.strictEqual((yield* one.service.settled("x")).status, "Completed")
      yield* one.service.revert("x")
      assert.deepStrictEqual(log.lines, ["begin x", "end z", "begin y", "end y", "undo y", "undo z"])
    })
  )

  it.scoped("gives no other input to an item that is no plain JSON", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.forEach("each", [{ at: new Map() }], () => Phase.make("one", Effect.asVoid(Effect.fail("no"))))
        }
      })
      const one = { ...(yield* engine(store, [task])), store }
      yield* Effect.flip(one.run(task.execute({}, { id: "x" })))
      const items = [{ item: "0", input: 1 }]
      const { refused } = yield* refusedAlike(one, { _tag: "rerun", items }, one.service.rerun("x", { items }))
      assert.match(refused.message, /the item is no plain JSON/)
    })
  )

  it.scoped("is asked of another process's engine with all of it, and refused the same", () =>
    Effect.gen(function* () {
      const repaired = new Set<string>()
      const log = logbook()
      const store = memory()
      const often = { inbox: "100 millis", standby: "100 millis" } as const
      const task = importing(log, repaired)
      const owner = yield* engine(store, [task], often)
      yield* Effect.flip(owner.run(task.execute({}, { id: "x" })))
      const client = yield* engine(store, [], often)
      assert.instanceOf(yield* refusal(asked(client.service.rerun("x", { items: ["d"] }))), Errors.PhaseNotOpen)
      const refused = yield* refusal(asked(client.service.rerun("x", { items: ["d", "e"] })))
      assert.instanceOf(refused, Errors.RequirementsMissing)
      repaired.add("b2")
      const items = ["c.csv", { item: "b.csv", input: { file: "b2" } }]
      yield* asked(client.service.rerun("x", { items, by: "ann" }))
      yield* asked(client.service.settled("x"))
      assert.deepStrictEqual(log.lines, ["a.csv", "b2"])
      assert.strictEqual(tags(store, "x").filter((tag) => tag === "Resumed").length, 1)
    })
  )
})
