/** What an operator looks at before and after: what a phase sees, what was done to what a tag names, plans, what follows. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { Sqlite } from "../../src/sqlite.js"
import { command, flat } from "./support/command.js"

let broken = true

const order = Task.make("order", {
  payload: { sku: Schema.String },
  error: Schema.String,
  *run({ sku }) {
    yield* Phase.checkpoint("begun", { data: { sku } })
    yield* Phase.make("hold", Effect.succeed({ shelf: 7 }))
    yield* Phase.make("label", {
      success: Schema.String,
      error: Schema.String,
      run: Effect.suspend(() => (broken ? Effect.fail("no paper") : Effect.succeed("stuck on")))
    })
  }
})

/** Two failed executions that a tag names, and one that it does not. */
const desk = Effect.gen(function* () {
  broken = true
  const at = yield* command([order])
  yield* at.engine(
    Effect.gen(function* () {
      for (const [id, tags] of [
        ["a", ["printer", "x"]],
        ["b", ["printer"]],
        ["c", []]
      ] as const) {
        yield* Effect.exit(order.execute({ sku: `tea ${id}` }, { id, tags }))
      }
    })
  )
  return { ...at, going: ["--tasks", at.module, "--yes", "--by", "ann"] }
})

describe("context", () => {
  it.live("shows what a phase sees, with the JSON Schema of what it answers where the code is at hand", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { module, tidemark } = yield* desk
        const page = flat((yield* tidemark("context", "a")).out)
        assert.match(page, /a order Failed phase label payload \{"sku":"tea a"\}/)
        assert.match(page, /Failures ✗ failed at label: "?no paper"?/)
        assert.match(page, /Results before it \(1\) hold \{"shelf":7\}/)
        assert.match(page, /Checkpoints before it \(1\) begun \{"sku":"tea a"\}/)
        assert.notInclude(page, "answers")
        assert.include(flat((yield* tidemark("context", "a", "--tasks", module)).out), 'answers {"type":"string"}')
        const earlier = yield* tidemark("context", "a", "hold")
        assert.notInclude(earlier.out, "Results before it")
        const near = yield* tidemark("context", "a", "labl")
        assert.strictEqual(near.code, 3)
        assert.include(flat(near.err), "did you mean label?")
      })
    )
  )
})

describe("history", () => {
  it.live("of a tag tells what was done to all that it names, in the order of time, and who asked", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { going, tidemark } = yield* desk
        yield* tidemark("resume", "b", ...going, "--reason", "paper is back")
        yield* tidemark("close", "a", ...going, "--reason", "not wanted")
        yield* tidemark("resume", "c", ...going)
        const acts = (yield* tidemark("history", "--tag", "printer", "--acts")).out.trim().split("\n")
        assert.deepStrictEqual(
          acts.map((line) => line.split("\t")[1]),
          ["b: resumed by ann: paper is back", "a: closing at label by ann: not wanted"]
        )
        const { out } = yield* tidemark("history", "--tag", "printer", "--json")
        const lines = out
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as { readonly execution: string; readonly at: number })
        assert.deepStrictEqual([...new Set(lines.map(({ execution }) => execution))], ["a", "b"])
        const times = lines.map(({ at }) => at)
        assert.deepStrictEqual(
          times,
          [...times].sort((one, other) => one - other)
        )
        assert.lengthOf((yield* tidemark("history", "b", "--acts")).out.trim().split("\n"), 1)
        assert.strictEqual((yield* tidemark("history", "--tag", "nothing")).out, "")
        for (const wrong of [["history"], ["history", "a", "--tag", "printer"]]) {
          const refused = yield* tidemark(...wrong)
          assert.deepInclude(refused, { code: 2, out: "" })
          assert.include(refused.err, "it takes an ID, or --tag")
        }
      })
    )
  )
})

describe("plan", () => {
  it.live("says what a verb says with --dry-run, and is of verbs alone that change something", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { module, tidemark } = yield* desk
        const before = (yield* tidemark("export", "a")).out
        const dry = yield* tidemark("resume", "a", "--tasks", module, "--dry-run")
        for (const args of [
          ["plan", "resume", "a", "--tasks", module],
          ["--tasks", module, "plan", "resume", "a"],
          ["plan", "--tasks", module, "resume", "a"]
        ]) {
          assert.deepStrictEqual(yield* tidemark(...args), dry)
        }
        assert.match(flat(dry.out), /resume a Failed → Running; 2 phases stay as recorded run label attempt 2/)
        assert.strictEqual((yield* tidemark("export", "a")).out, before)
        for (const [verb, said] of [
          ["rsume", "did you mean resume"],
          ["ls", "there are resume"],
          ["", "there are resume"]
        ] as const) {
          const refused = yield* tidemark("plan", ...(verb === "" ? [] : [verb]))
          assert.deepInclude(refused, { code: 2, out: "" })
          assert.include(flat(refused.err), said)
        }
        assert.include(flat((yield* tidemark("plan", "resume", "--help")).out), "tidemark resume [ID]")
      })
    )
  )
})

describe("--follow", () => {
  it.live("shows what comes of an act, here or in another engine, until it stands still", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { going, module, said, tidemark } = yield* desk
        const still = yield* tidemark("resume", "a", ...going, "--follow")
        assert.strictEqual(still.code, 1)
        assert.match(flat(still.out), /resumed by ann.*label starts again: attempt 2.*failed, and stands still/)
        assert.notInclude(still.out, "hold succeeded")
        broken = false
        const done = yield* tidemark("resume", "a", ...going, "--follow", "--json")
        assert.strictEqual(done.code, 0)
        assert.include(done.out.trim().split("\n").pop(), '"Completed"')
        yield* said("worker", "--tasks", module)
        const skipping = yield* Effect.fork(tidemark("skip", "b", "label", "--value", '"by hand"', "--yes", "--follow"))
        const elsewhere = yield* Fiber.join(skipping)
        assert.strictEqual(elsewhere.code, 0, elsewhere.err)
        assert.match(flat(elsewhere.out), /label was said to have happened.*completed/)
        const many = yield* tidemark("resume", "--where", "task=order", "--follow", ...going)
        assert.deepInclude(many, { code: 2, out: "" })
        const refused = yield* tidemark("skip", "b", "label", "--value", '"again"', "--yes", "--follow")
        assert.deepInclude(refused, { code: 3 })
      })
    )
  )

  it.live("says so where the engine that owns the file leaves an execution alone", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { db, module, said } = yield* desk
        const engine = yield* Layer.build(Sqlite.layer({ filename: db }))
        const busy = Task.make("busy", {
          *run() {
            yield* Phase.make("once", Effect.void)
          }
        })
        // It owns the file from then on, and has no other task.
        yield* Effect.provide(busy.execute({}), engine)
        const payload = ["--payload", '{ "sku": "cup" }']
        const told = yield* said("start", "order", "--tasks", module, "--id", "d", ...payload, "--follow")
        while (told.err === "") yield* Effect.sleep("20 millis")
        assert.match(
          flat(told.err),
          /^process \d+ owns .* and has not begun d: it may have no task order, or no free place $/
        )
      })
    )
  )
})
