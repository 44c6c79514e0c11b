import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Acted } from "../../src/cli/Acted.js"
import type { Changing } from "../../src/cli/Arguments.js"
import * as Change from "../../src/cli/Change.js"
import type { Complaint } from "../../src/cli/Complaint.js"
import * as Control from "../../src/cli/Control.js"
import * as Refusals from "../../src/cli/Refusals.js"
import { Screen } from "../../src/cli/Screen.js"
import type { Action } from "../../src/core/Action.js"
import type { Act, Entry } from "../../src/core/Entry.js"
import { RequirementsMissing } from "../../src/core/Errors.js"
import { Plan } from "../../src/core/Plan.js"
import { Phase, Task, TaskEngine } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { asked, engine, entries, idle, recorded } from "../support/engines.js"
import { device } from "./support/device.js"

let broken = true

const job = Task.make("job", {
  payload: {},
  success: Schema.Number,
  *run() {
    yield* Phase.checkpoint("begun")
    const one = yield* Phase.make("one", { run: Effect.succeed(1), undo: () => Effect.void })
    const two = yield* Phase.make(
      "two",
      Effect.suspend(() => (broken ? Effect.die("no disk") : Effect.succeed(2)))
    )
    return one + two
  }
})

const given: Changing = {
  db: "memory",
  tasks: undefined,
  yes: true,
  dryRun: false,
  reason: "the disk is back",
  by: "ann",
  json: true
}

const owner = { pid: 7, state: "running" as const }

/** What the command has: a client of whatever engine there is. */
const client = Effect.fnUntraced(function* (memory: MemoryStore.Memory, holder: typeof owner | undefined) {
  const store = fromEncoded(yield* MemoryStore.make(memory))
  return yield* Control.over(store, Effect.succeed(holder))
})

/** A failed execution, and an engine that owns it. */
const failed = Effect.gen(function* () {
  broken = true
  const memory = MemoryStore.memory()
  const live = yield* engine(memory, [job], { inbox: "100 millis" })
  yield* Effect.exit(live.run(job.execute({}, { id: "job-1" })))
  yield* idle
  return { memory, live }
})

/** What the command prints, and its exit code. */
const run = <A, E extends Refusals.Refusal | Complaint>(
  effect: Effect.Effect<A, E, Screen | Scope.Scope>,
  answer?: string
) =>
  Effect.gen(function* () {
    const { kept, made } = device(80, false, answer)
    const exit = yield* Effect.either(
      asked(Effect.scoped(Effect.mapError(Effect.provideService(effect, Screen, made), Refusals.of)))
    )
    return exit._tag === "Right"
      ? { code: 0, ...kept, what: undefined, next: undefined }
      : { ...kept, code: exit.left.code, what: exit.left.what, next: exit.left.next }
  })

const decode = Schema.decodeUnknownSync(Schema.parseJson(Acted), { onExcessProperty: "error" })

const acts = (memory: MemoryStore.Memory): ReadonlyArray<Entry> =>
  entries(memory, "job-1").filter((entry) => "act" in entry && entry.act !== undefined)

describe("verbs that change an execution", () => {
  it.scoped("are handed to the engine that owns the store, with who asked and why", () =>
    Effect.gen(function* () {
      const { memory } = yield* failed
      const control = yield* client(memory, owner)
      broken = false
      const resumed = yield* run(Change.act(control, given, "job-1", { _tag: "resume" }))
      assert.deepInclude(resumed, { code: 0, err: "" })
      assert.deepInclude(decode(resumed.out), { verb: "resume", outcome: "done", engine: 7, id: "job-1" })
      yield* idle
      assert.strictEqual(memory.executions.get("job-1")?.row.status, "Completed")
      assert.deepInclude(acts(memory)[0], { _tag: "Resumed" })
      const [{ act } = {}] = acts(memory) as ReadonlyArray<{ readonly act?: Act }>
      assert.deepInclude(act, { by: "ann", reason: "the disk is back" })
      assert.isString(act?.plan)
    })
  )

  it.scoped("each say what they did, and how the execution stands then", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [Action, string]> = [
        [{ _tag: "skip", phase: "two", value: 5 }, "Completed"],
        [{ _tag: "revert" }, "Reverted"],
        [{ _tag: "revert", to: "begun" }, "Paused"],
        [{ _tag: "goTo", checkpoint: "begun" }, "Paused"],
        [{ _tag: "discard", before: "begun" }, "Failed"],
        [{ _tag: "close", revert: true }, "Reverted"],
        [{ _tag: "close" }, "Closed"]
      ]
      for (const [command, status] of cases) {
        const { memory } = yield* failed
        const control = yield* client(memory, owner)
        const done = yield* run(Change.act(control, given, "job-1", command))
        assert.deepInclude(done, { code: 0, what: undefined }, command._tag)
        assert.deepInclude(decode(done.out), { outcome: "done" })
        yield* idle
        assert.strictEqual(memory.executions.get("job-1")?.row.status, status, command._tag)
      }
    })
  )

  it.scoped("are refused with code 3 and a word of what to do, and change nothing", () =>
    Effect.gen(function* () {
      const { live, memory } = yield* failed
      const control = yield* client(memory, owner)
      const before = entries(memory, "job-1").length
      const cases: ReadonlyArray<readonly [string, Action, RegExp, RegExp]> = [
        ["job-1", { _tag: "pause" }, /is Failed: it cannot pause/, /tidemark show job-1/],
        ["job-1", { _tag: "skip", phase: "three" }, /three .* cannot be skipped/, /tidemark show job-1/],
        ["job-1", { _tag: "revert", to: "begun#7" }, /begun#7/, /tidemark show job-1/],
        ["job-2", { _tag: "resume" }, /there is no execution job-2/, /did you mean job-1/]
      ]
      for (const [id, command, what, next] of cases) {
        const refused = yield* run(Change.act(control, given, id, command))
        assert.deepInclude(refused, { code: 3, out: "" }, command._tag)
        assert.match(refused.what ?? "", what)
        assert.match(refused.next ?? "", next)
      }
      const missing = [{ needs: "consent", paths: ["one"], message: "it would see another payload" }] as const
      const unconsented = Refusals.of(new RequirementsMissing({ execution: "job-1", verb: "resume", missing }))
      assert.match(String(unconsented.next), /^--undo-too lets them see it/)
      assert.lengthOf(entries(memory, "job-1"), before)
      yield* live.end
      const alone = yield* client(memory, undefined)
      const nobody = yield* run(Change.act(alone, given, "job-1", { _tag: "resume" }))
      assert.strictEqual(nobody.code, 3)
      assert.match(nobody.next ?? "", /--tasks MODULE/)
      const stopped = yield* Control.over(control.store, Effect.succeed({ pid: 7, state: "stopped" }))
      const frozen = yield* run(Change.act(stopped, given, "job-1", { _tag: "resume" }))
      assert.deepInclude(frozen, { code: 3 })
      assert.match(frozen.next ?? "", /kill -CONT 7/)
    })
  )

  it.scoped("take up what an engine that died has left, where none runs", () =>
    Effect.gen(function* () {
      const memory = MemoryStore.memory()
      const before = Task.make("job", {
        payload: {},
        success: Schema.Number,
        *run() {
          yield* Phase.checkpoint("begun")
          return yield* Phase.make("one", { run: Effect.never, success: Schema.Number, undo: () => Effect.void })
        }
      })
      broken = false
      const live = yield* engine(memory, [before])
      yield* live.run(before.start({}, { id: "job-1" }))
      yield* recorded(memory, "job-1", "PhaseStarted", "one")
      yield* live.kill
      const control = yield* client(memory, undefined)
      const registered = Layer.build(Layer.provide(job.layer, Layer.succeed(TaskEngine, control.engine)))
      const here = { ...control, provide: () => Effect.as(registered, new Map()) }
      const resume = (more: Partial<Changing>) =>
        run(Change.act(here, { ...given, json: false, ...more }, "job-1", { _tag: "resume" }))
      const told = "resume job-1  Running\n  no engine runs: it goes on here, where it was left\n"
      assert.strictEqual((yield* resume({})).what, "no engine runs on memory, and this takes the tasks' code")
      assert.strictEqual((yield* resume({ tasks: "job.js", dryRun: true })).out, told)
      const done = yield* resume({ tasks: "job.js" })
      assert.strictEqual(done.out, `${told}job-1  job  Completed  resume: done\n`)
      assert.strictEqual((yield* control.engine.status("job-1")).result, 3)
    })
  )

  it.scoped("ask at a terminal, take --yes for an answer elsewhere, and do nothing with --dry-run", () =>
    Effect.gen(function* () {
      const { memory } = yield* failed
      const control = yield* client(memory, owner)
      const resume = (more: Partial<Changing>, answer?: string) =>
        run(Change.act(control, { ...given, yes: false, ...more }, "job-1", { _tag: "resume" }), answer)
      const before = JSON.stringify(entries(memory, "job-1"))
      assert.deepInclude(yield* resume({}), { code: 2 })
      assert.deepInclude(yield* resume({ json: false }, ""), { code: 3, what: "nothing was done" })
      assert.deepInclude(yield* resume({}, "no"), { code: 3 })
      const planned = yield* resume({ dryRun: true })
      const plan = Schema.decodeUnknownSync(Schema.parseJson(Plan), { onExcessProperty: "error" })(planned.out)
      assert.deepInclude(plan, { execution: "job-1", status: "Failed" })
      assert.strictEqual(JSON.stringify(entries(memory, "job-1")), before)
      broken = false
      const yes = yield* resume({ json: false }, " Y ")
      assert.strictEqual(yes.code, 0)
      assert.include(yes.err, "Do that? [y/N]")
      assert.match(yes.out, /^resume job-1 {2}Failed; \d phases? stay as recorded/)
    })
  )
})
