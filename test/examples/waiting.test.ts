/** The page docs/waiting.md, held to what it says: its program is run as it stands there, and its table line by line. */
import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import ts from "typescript"
import { Phase, Task, type TaskEngine } from "../../src/index.js"
import { engine, idle, memory } from "../support/engines.js"

const page = fs.readFileSync(new URL("../../docs/waiting.md", import.meta.url), "utf8")

type Approval = Task.Task<"approval", { readonly document: string }, boolean, never, never>

/** The page's task, and the mail that it sends. */
const program = () => {
  const [, source] = /```ts\n([\s\S]*?)\n\/\/ days later/.exec(page)!
  const { outputText } = ts.transpileModule(source!, { compilerOptions: { target: ts.ScriptTarget.ES2022 } })
  const sent: Array<ReadonlyArray<string>> = []
  const mail = (...words: ReadonlyArray<string>) => Effect.sync(() => void sent.push(words))
  const task = new Function("Task", "Phase", "Schema", "Either", "mail", `${outputText}; return approval`)
  return { approval: task(Task, Phase, Schema, Either, mail) as Approval, sent }
}

const started = (task: { readonly layer: Approval["layer"]; readonly start: any }) =>
  Effect.gen(function* () {
    const live = yield* engine(memory(), [task])
    yield* live.run(task.start({ document: "a.pdf" }, { id: "e" }) as Effect.Effect<string, unknown, TaskEngine>)
    yield* idle
    return live.service
  })

/** The tag of what a completion is refused with. */
const answer = (completed: Effect.Effect<void, { readonly _tag: string }>) =>
  Effect.match(completed, { onFailure: ({ _tag }) => _tag, onSuccess: () => "accepted" })

const yes = Exit.succeed({ ok: true, by: "ann" })
const no = Exit.succeed({ ok: false, by: "ann" })

/** A delegate that does not end its execution, and what became of it. */
const asking = (
  body: (
    ask: (name: string, timeout?: "1 hour") => Phase.Phase<unknown, any, any, never, any>
  ) => Generator<any, any, any>
) => {
  const tokens: Array<string> = []
  const task = Task.make("asking", {
    payload: { document: Schema.String },
    *run() {
      yield* body((name, timeout) =>
        Phase.delegate(name, {
          success: Schema.Struct({ ok: Schema.Boolean, by: Schema.String }),
          notify: (token) => Effect.sync(() => void tokens.push(token)),
          ...(timeout === undefined ? {} : { timeout })
        })
      )
    }
  })
  return { task: task as any, tokens }
}

describe("docs/waiting.md", () => {
  it.scoped("has a program that answers what the boss says in time", () =>
    Effect.gen(function* () {
      const { approval, sent } = program()
      const service = yield* started(approval)
      assert.strictEqual((yield* service.status("e")).status, "Waiting")
      yield* service.complete(sent[0]![2]!, yes)
      assert.strictEqual((yield* service.settled("e")).result, true)
    })
  )

  it.scoped("has a program that reminds after three days, and takes a late answer", () =>
    Effect.gen(function* () {
      const { approval, sent } = program()
      const service = yield* started(approval)
      yield* TestClock.adjust("3 days")
      yield* idle
      assert.deepStrictEqual(sent[1], ["boss", "a.pdf", "three days have passed"])
      assert.strictEqual(yield* answer(service.complete(sent[0]![2]!, yes)), "TokenExpired")
      yield* service.signal("e", "late answer", false)
      assert.strictEqual((yield* service.settled("e")).result, false)
    })
  )

  it.scoped("says what a completion is answered: the first, the same, another, one that does not fit, a stranger", () =>
    Effect.gen(function* () {
      const { task, tokens } = asking(function* (ask) {
        yield* ask("first")
        yield* ask("second")
      })
      const service = yield* started(task)
      const [token] = tokens as [string]
      assert.strictEqual(yield* answer(service.complete("x".repeat(32), yes)), "TokenNotFound")
      assert.strictEqual(yield* answer(service.complete(token, Exit.succeed("yes"))), "ValueRefused")
      assert.strictEqual((yield* service.status("e")).status, "Waiting")
      assert.strictEqual(yield* answer(service.complete(token, yes)), "accepted")
      assert.strictEqual(yield* answer(service.complete(token, yes)), "accepted")
      assert.strictEqual(yield* answer(service.complete(token, no)), "AlreadyCompleted")
      yield* idle
      yield* service.pause("e")
      assert.strictEqual(yield* answer(service.complete(tokens[1]!, no)), "accepted")
      assert.strictEqual((yield* service.status("e")).status, "Paused")
      yield* service.resume("e")
      assert.strictEqual((yield* service.settled("e")).status, "Completed")
      assert.strictEqual(yield* answer(service.complete(token, yes)), "accepted")
      assert.strictEqual(yield* answer(service.signal("e", "hello")), "ExecutionEnded")
      assert.strictEqual(yield* answer(service.signal("none", "hello")), "ExecutionNotFound")
    })
  )

  it.scoped("says what a completion is answered after the race is lost, and after the execution was closed", () =>
    Effect.gen(function* () {
      const { task, tokens } = asking(function* (ask) {
        yield* Phase.race([ask("loser"), Phase.sleep("winner", "1 minute")])
        yield* ask("open")
      })
      const service = yield* started(task)
      yield* TestClock.adjust("1 minute")
      yield* idle
      assert.strictEqual(tokens.length, 2)
      assert.strictEqual(yield* answer(service.complete(tokens[0]!, yes)), "TokenClosed")
      yield* service.close("e")
      assert.strictEqual(yield* answer(service.complete(tokens[1]!, yes)), "TokenClosed")
    })
  )

  it.scoped(
    "says what becomes of a token in a crash, of one whose notify failed, and of one that was answered by a failure",
    () =>
      Effect.gen(function* () {
        const tokens: Array<string> = []
        const task = Task.make("asking", {
          payload: { document: Schema.String },
          error: Schema.String,
          *run() {
            yield* Phase.delegate("ask", {
              error: Schema.String,
              retry: Schedule.recurs(2),
              notify: (token) =>
                Effect.suspend((): Effect.Effect<void, string> => {
                  tokens.push(token)
                  return tokens.length === 1 ? Effect.never : tokens.length === 2 ? Effect.fail("no mail") : Effect.void
                })
            })
          }
        })
        const store = memory()
        const first = yield* engine(store, [task])
        yield* first.run(task.start({ document: "a.pdf" }, { id: "e" }))
        yield* idle
        yield* first.kill
        const { service } = yield* engine(store, [task])
        yield* idle
        assert.strictEqual(tokens[1], tokens[0])
        assert.strictEqual(yield* answer(service.complete(tokens[1]!, Exit.void)), "TokenExpired")
        assert.strictEqual(yield* answer(service.complete(tokens[2]!, Exit.fail("not I"))), "accepted")
        yield* idle
        assert.strictEqual(yield* answer(service.complete(tokens[2]!, Exit.void)), "AlreadyCompleted")
        assert.strictEqual(new Set(tokens).size, 3)
        assert.strictEqual(yield* answer(service.complete(tokens[3]!, Exit.void)), "accepted")
        assert.strictEqual((yield* service.settled("e")).status, "Completed")
      })
  )
})
