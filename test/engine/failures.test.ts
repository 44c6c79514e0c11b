import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { Errors, Phase, Retry, Task } from "../../src/index.js"
import { engine, idle, logbook, memory } from "../support/engines.js"
import { failing, type Log, undoable } from "../support/phases.js"

const id = "g1"

describe("failures of branches beside each other", () => {
  const both = (log: Log, onFailure: "halt" | "revert") =>
    Task.make("t", {
      error: Schema.String,
      onFailure,
      *run() {
        yield* undoable(log, "a")
        yield* Phase.all([failing(log, "b"), failing(log, "c"), Phase.make("d", Effect.dieMessage("bug"))], {
          mode: "settle"
        })
      },
      *revert(completed, { failures }) {
        yield* Phase.make("failures", log.note(failures.map(({ path }) => path).join(" ")))
        for (const phase of completed) yield* phase.undo
      }
    })

  for (const onFailure of ["halt", "revert"] as const) {
    it.scoped(`all reach the caller, the first typed one first, and all that revert sees: ${onFailure}`, () =>
      Effect.gen(function* () {
        const log = logbook()
        const { run, service } = yield* engine(memory())
        const exit = yield* Effect.exit(run(both(log, onFailure).execute({}, { id })))
        if (!Exit.isFailure(exit)) return assert.fail("it succeeds")
        const [b, c, rest, ...none] = Chunk.toReadonlyArray(Cause.failures(exit.cause))
        assert.deepStrictEqual([b, c, none], ["b", "c", []])
        if (onFailure === "halt") assert.instanceOf(rest, Errors.ExecutionFailed)
        else assert.instanceOf(rest, Errors.ExecutionReverted)
        const paths = ["all/b", "all/c", "all/d"]
        assert.deepStrictEqual(
          (rest as Errors.ExecutionFailed).failures.map(({ path }) => path),
          paths
        )
        assert.deepStrictEqual(
          (yield* service.status(id)).failures.map(({ path }) => path),
          paths
        )
        const caught = yield* run(both(log, onFailure).execute({}, { id: "g2" })).pipe(Effect.catchAll(Effect.succeed))
        assert.strictEqual(caught, "b")
        const undone = onFailure === "halt" ? [] : ["all/b all/c all/d", "undo a"]
        assert.deepStrictEqual(log.lines, [...["a", "b", "c", ...undone], ...["a", "b", "c", ...undone]])
      })
    )
  }

  it.scoped("are each there once, where two groups give up at the same time", () =>
    Effect.gen(function* () {
      const log = logbook()
      const group = (name: string) =>
        Phase.group(
          name,
          function* () {
            yield* failing(log, name)
          },
          { retry: Retry.times(1) }
        )
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([group("a"), group("b")])
        }
      })
      const { run, service } = yield* engine(memory())
      const exit = yield* Effect.exit(run(task.execute({}, { id })))
      if (!Exit.isFailure(exit)) return assert.fail("it succeeds")
      assert.deepStrictEqual(Chunk.toReadonlyArray(Cause.failures(exit.cause)), ["a", "b"])
      assert.strictEqual((yield* service.status(id)).failures.length, 2)
    })
  )

  it.scoped("revert everything if one strategy says so, whatever another one says at the same time", () =>
    Effect.gen(function* () {
      const log = logbook()
      const group = (name: string, retry: Retry.Retry<void>) =>
        Phase.group(
          name,
          function* () {
            yield* undoable(log, `${name} 1`)
            yield* failing(log, `${name} 2`)
          },
          { retry }
        )
      for (const order of [0, 1]) {
        log.lines.length = 0
        const branches = [
          group("again", Retry.times(5)),
          group("all", Retry.from({ first: undefined, next: () => Retry.revertAll }))
        ]
        const task = Task.make("t", {
          error: Schema.String,
          *run() {
            yield* undoable(log, "a")
            yield* Phase.all(order === 0 ? branches : branches.reverse())
          }
        })
        const { run, service } = yield* engine(memory())
        yield* Effect.flip(run(task.execute({}, { id })))
        assert.strictEqual((yield* service.status(id)).status, "Reverted")
        yield* idle
        assert.strictEqual(log.lines.filter((line) => line === "again 2").length, 1)
        assert.deepStrictEqual(log.lines.slice(-3).sort(), ["undo a", "undo again 1", "undo all 1"])
        assert.strictEqual(log.lines.at(-1), "undo a")
      }
    })
  )

  it.scoped("are not retried by the group around one that says to revert everything", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "outer",
            function* () {
              yield* undoable(log, "a")
              yield* Phase.group(
                "inner",
                function* () {
                  yield* failing(log, "b")
                },
                { retry: Retry.from({ first: 1, next: () => Effect.succeed(Retry.revertAll) }) }
              )
            },
            { retry: Retry.times(5) }
          )
        }
      })
      const { run, service } = yield* engine(memory())
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "b")
      assert.strictEqual((yield* service.status(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "b", "undo a"])
    })
  )
})
