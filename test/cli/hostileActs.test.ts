/** Hostile names, ids, reasons and values through the verbs that change something: kept as they are, or refused. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Changing } from "../../src/cli/Arguments.js"
import * as Change from "../../src/cli/Change.js"
import type { Complaint } from "../../src/cli/Complaint.js"
import * as Control from "../../src/cli/Control.js"
import * as Refusals from "../../src/cli/Refusals.js"
import { Screen } from "../../src/cli/Screen.js"
import type { Action } from "../../src/core/Action.js"
import type { Act } from "../../src/core/Entry.js"
import * as Name from "../../src/core/Name.js"
import { Phase, Task, TaskEngine } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { engine, entries } from "../support/engines.js"
import { command } from "./support/command.js"
import { device } from "./support/device.js"
import { names, unseen } from "./support/hostile.js"

const isName = (name: string): boolean => Name.problem(name) === undefined

const Value = Schema.Record({ key: Schema.String, value: Schema.String })

const job = Task.make("job", {
  payload: { name: Schema.String },
  error: Schema.String,
  success: Value,
  *run({ name }) {
    yield* Phase.checkpoint(`${name.slice(0, 40)}!`)
    return yield* Phase.make(name, { success: Value, error: Schema.String, run: Effect.fail(name) })
  }
})

const given = (name: string, json: boolean): Changing => ({
  db: "memory",
  tasks: "tasks.js",
  yes: true,
  dryRun: false,
  reason: name,
  by: name,
  json
})

/** What an operator may ask where a phase of this name has failed. */
const actions = (name: string): ReadonlyArray<Action> => {
  const checkpoint = `${name.slice(0, 40)}!`
  return [
    { _tag: "skip", phase: name, value: { [name]: name } },
    { _tag: "resume", values: { [name]: { [name]: name } } },
    { _tag: "resume", payload: { name }, from: name },
    { _tag: "rerun", items: [name] },
    { _tag: "close" },
    { _tag: "revert" },
    { _tag: "revert", to: checkpoint },
    { _tag: "goTo", checkpoint },
    { _tag: "discard", before: checkpoint }
  ]
}

/** What the command says of an action, and its exit code. */
const asked = (control: Control.Control, id: string, action: Action, by: Changing) =>
  Effect.gen(function* () {
    const { kept, made } = device(80)
    const acting = Effect.scoped(Effect.provideService(Change.act(control, by, id, action), Screen, made))
    const told = yield* Effect.either(Effect.mapError(acting, (error) => Refusals.of(error as Complaint)))
    const { code = 0, next = "", what = "" } = told._tag === "Left" ? told.left : {}
    return { code, out: kept.out, next, what }
  })

describe("hostile names and values in verbs that change something", () => {
  it.scoped("are recorded as they are, or refused; and none of them is printed raw", () =>
    Effect.gen(function* () {
      const memory = MemoryStore.memory()
      const live = yield* engine(memory, [job])
      for (const [index, name] of names.entries()) {
        const [id, phase] = isName(name) ? [name, name] : [`id-${index}`, "phase"]
        yield* Effect.exit(live.run(job.execute({ name: phase }, { id, tags: [id] })))
      }
      yield* live.end
      const control = yield* Control.over(fromEncoded(yield* MemoryStore.make(memory)), Effect.succeed(undefined))
      yield* Effect.provide(Layer.build(job.layer), Layer.succeed(TaskEngine, control.engine))
      const at: Control.Control = { ...control, provide: () => Effect.succeed(new Map()) }
      for (const [index, name] of names.entries()) {
        const known = isName(name)
        const id = known ? name : `id-${index}`
        const every = actions(name)
        const action = every[index % every.length]!
        const before = entries(memory, id).length
        const told = yield* asked(at, id, action, given(name, index % 2 === 0))
        assert.notMatch(told.out.replaceAll("\n", ""), unseen, name)
        const added = entries(memory, id).slice(before)
        const [act] = added.flatMap((entry) => ("act" in entry && entry.act !== undefined ? [entry.act as Act] : []))
        if (told.code === 3) {
          assert.lengthOf(added, 0, told.what)
          assert.isTrue(!known || action._tag === "rerun", told.what)
        } else {
          assert.deepInclude(act, { by: name, reason: name }, told.what)
        }
        if (known && action._tag === "skip") {
          assert.deepInclude(added.at(-1), { _tag: "Completed", value: { [name]: name } })
        }
        const nobody = yield* asked(at, `${name}?`, action, given(name, false))
        assert.deepInclude(nobody, { code: 3, out: "" }, name)
      }
    })
  )

  it.live("are taken from arguments, and given back by every page", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { module, tidemark } = yield* command([job])
        const some = names.filter((_, index) => index % 9 === 0 || index === names.indexOf("--"))
        for (const name of [...some, "-h", "--help", "--yes", "a=b", "--a=b", "-5"]) {
          const payload = JSON.stringify({ name })
          const args =
            name.length % 2 === 0
              ? ["--id", name, "--tag", name, "--payload", payload]
              : [`--id=${name}`, `--tag=${name}`, `--payload=${payload}`]
          const { code, err, out } = yield* tidemark("start", "job", "--tasks", module, ...args, "--json")
          assert.notMatch((out + err).replaceAll("\n", ""), unseen)
          assert.strictEqual(code, isName(name) ? 0 : 3, `${JSON.stringify(name)}: ${err}`)
          if (code !== 0) continue
          assert.strictEqual(JSON.parse(out).id, name)
          const closed = yield* tidemark("close", "--yes", "--by", name, "--reason", name, "--", name)
          assert.strictEqual(closed.code, 0, closed.err)
          const story = yield* tidemark("history", "--tag", name, "--json")
          const lines = story.out
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line))
          assert.deepInclude(lines[0], { execution: name })
          assert.deepInclude(lines[0].entry, { payload: { name }, tags: [name] })
          assert.deepInclude(lines.at(-1).entry, { _tag: "Closed", act: { by: name, reason: name } })
          assert.notMatch((closed.out + story.out).replaceAll(/[\n\t]/g, ""), unseen)
        }
      })
    )
  )
})
