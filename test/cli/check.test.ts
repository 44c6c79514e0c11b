import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Checked } from "../../src/authoring/Checked.js"
import * as Check from "../../src/cli/Check.js"
import * as Control from "../../src/cli/Control.js"
import { Screen } from "../../src/cli/Screen.js"
import { Phase, Task } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { engine, idle } from "../support/engines.js"
import { device } from "./support/device.js"

const taskOf = (name: string, last: string) =>
  Task.make(name, {
    error: Schema.String,
    *run() {
      yield* Phase.make("a", Effect.succeed("a"))
      yield* Phase.checkpoint("begun")
      yield* Phase.make(last, Effect.fail("no"))
    }
  })

/** Seven executions of one task, and one of another. */
const left = Effect.gen(function* () {
  const memory = MemoryStore.memory()
  const tasks = [taskOf("import", "b"), taskOf("mail", "b")] as const
  const live = yield* engine(memory, tasks)
  for (let n = 1; n <= 7; n++) yield* Effect.exit(live.run(tasks[0].execute({}, { id: `import ${n}` })))
  yield* Effect.exit(live.run(tasks[1].execute({}, { id: "mail-1" })))
  yield* idle
  yield* live.end
  return memory
})

type Given = Partial<Check.Options>

/** The exit code, and what was printed. */
const run = (
  memory: MemoryStore.Memory,
  tasks: ReadonlyArray<Pick<ReturnType<typeof taskOf>, "definition">>,
  given: Given,
  columns?: number
) =>
  Effect.gen(function* () {
    const { kept, made } = device(columns)
    const store = fromEncoded(yield* MemoryStore.make(memory))
    const control = yield* Control.over(store, Effect.succeed(undefined))
    for (const { definition } of tasks) yield* control.engine.register(definition) as Effect.Effect<void>
    const options = { db: "", tasks: "", task: undefined, ended: false, whole: false, json: false, ...given }
    const before = memory.writes
    const ended = yield* Effect.either(Effect.provideService(Check.check(control, options), Screen, made))
    assert.strictEqual(memory.writes, before)
    return { code: Either.isLeft(ended) && "code" in ended.left ? ended.left.code : 0, ...kept }
  })

describe("tidemark check", () => {
  it.scoped("tells those together that do not fit for one reason, and ends with 3", () =>
    Effect.gen(function* () {
      const memory = yield* left
      const { code, err, out } = yield* run(memory, [taskOf("import", "new")], {})
      assert.deepStrictEqual([code, err], [3, ""])
      assert.deepStrictEqual(out.split("\n"), [
        "✗ import at b: 'import 1', 'import 2', 'import 3', 'import 4', 'import 5', and 2 more",
        '    the journal has phase "b" here, the code comes to phase "new". It reads as if phase "b" was renamed to "new".',
        "    -> with the code as it was: tidemark revert 'import 1' --to begun",
        "? mail: mail-1",
        "    there is no task mail of version 1 here",
        "",
        "8 checked: 7 differ, 1 have no task here",
        ""
      ])
    })
  )

  it.scoped("ends with 0 where all fits, or there is nothing", () =>
    Effect.gen(function* () {
      const memory = yield* left
      const same = [taskOf("import", "b"), taskOf("mail", "b")]
      assert.deepInclude(yield* run(memory, same, {}), { code: 0, out: "8 checked: 8 fit\n" })
      assert.deepInclude(yield* run(memory, [taskOf("mail", "b")], { task: "mail" }), {
        code: 0,
        out: "1 checked: 1 fit\n"
      })
      assert.deepInclude(yield* run(memory, [], { task: "other" }), { code: 0, out: "nothing that has not ended\n" })
    })
  )

  it.scoped("counts the executions that need the old branch of a change", () =>
    Effect.gen(function* () {
      const later = Task.make("import", {
        error: Schema.String,
        *run() {
          yield* Phase.make("a", Effect.succeed("a"))
          if (yield* Phase.changed("look twice")) yield* Phase.make("again", Effect.void)
          yield* Phase.checkpoint("begun")
          yield* Phase.make("b", Effect.fail("no"))
        }
      })
      const { out } = yield* run(yield* left, [later], { task: "import" })
      assert.strictEqual(out, "change 'look twice': 7 need its old branch\n7 checked: 7 fit\n")
    })
  )

  it.scoped("answers JSON lines that fit their schema", () =>
    Effect.gen(function* () {
      const { code, out } = yield* run(yield* left, [taskOf("import", "new")], { json: true })
      const lines = out.trimEnd().split("\n")
      const decode = Schema.decodeUnknownSync(Checked, { onExcessProperty: "error" })
      const found = lines.map((line) => decode(JSON.parse(line)))
      assert.deepStrictEqual([code, found.length], [3, 8])
      assert.deepInclude(found[0], { execution: "import 1", verdict: "differs", cause: "renamed" })
    })
  )

  it.scoped("shows a terminal how far it has come", () =>
    Effect.gen(function* () {
      const { err, out } = yield* run(yield* left, [taskOf("import", "new")], {}, 80)
      const [first, last] = [err.split("\u001b[K")[1] ?? "", err.split("\u001b[K").at(-1)]
      assert.match(first, /^\[#+-+\] 1 of 8 checked, 1 does not fit/)
      assert.strictEqual(last, "")
      assert.include(out, "8 checked: 7 differ, 1 have no task here")
    })
  )
})
